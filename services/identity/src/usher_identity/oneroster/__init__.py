"""Reading sets of CSV files: OneRoster 1.0, 1.1 and 1.2, and Microsoft SDS v2 and v2.1 (interfaces: Imports)."""

"""What a spreadsheet makes of texts: some would be run as formulas, and are kept from it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def harmless(cell: object) -> object:
    """The cell as a CSV file may hold it: a text that would be run as a formula begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell

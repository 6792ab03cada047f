"""Districts and a year of logins out of nothing: seeded, of any size, and as untidy as real ones."""

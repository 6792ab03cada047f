"""Usage: logins, and who no longer uses a seat."""

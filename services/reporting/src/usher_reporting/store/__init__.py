"""Reporting's statements: set-based, a handful for any batch; none of them commits."""

"""Reporting's rules: what counts, and how figures become a dashboard. Standard library alone."""

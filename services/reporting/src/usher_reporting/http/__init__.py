"""Reporting's HTTP API: what each caller may see."""

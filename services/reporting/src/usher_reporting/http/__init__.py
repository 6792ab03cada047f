"""Reporting's HTTP API: reads alone, each of what the caller may see."""

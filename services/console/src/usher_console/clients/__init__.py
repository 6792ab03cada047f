"""Typed clients of the services' HTTP APIs: the console's only source of what it shows."""

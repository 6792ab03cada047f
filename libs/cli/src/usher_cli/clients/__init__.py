"""Typed clients of the services' HTTP APIs, for the command line and for tests across services."""

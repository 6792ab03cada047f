"""Traces from the local span store: read, put together over all services, and drawn (architecture: Telemetry)."""

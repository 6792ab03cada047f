"""Telemetry: traces through HTTP, outbox, broker and SQL; metrics; and the one registry of their names."""

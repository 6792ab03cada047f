"""Telemetry: traces through HTTP, outbox, broker and SQL; metrics; and the one registry of their names."""

from usher_kit.telemetry.tracing import set_up, span

__all__ = ["set_up", "span"]

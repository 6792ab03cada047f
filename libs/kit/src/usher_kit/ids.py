"""Identifiers: UUIDv7, so that new rows land at the end of their index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()

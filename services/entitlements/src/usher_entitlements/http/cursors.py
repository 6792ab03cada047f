"""Reading the places that cursors hold back into their types."""

from datetime import datetime
from uuid import UUID

from usher_kit.paging import not_ours


def read_id(value: object) -> UUID:
    """Raises Invalid for what is no id."""
    try:
        return UUID(str(value))
    except ValueError:
        raise not_ours() from None


def read_moment(value: object) -> datetime:
    """Raises Invalid for what is no time with its zone."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise not_ours() from None
    if moment.tzinfo is None:
        raise not_ours()
    return moment


def read_number(value: object) -> int:
    """Raises Invalid for what is no whole number."""
    if not isinstance(value, int):
        raise not_ours()
    return value

"""Cursor paging: `?limit=&cursor=`, answered by `{items, next_cursor}` (interfaces: HTTP conventions)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel

from usher_kit.errors import Invalid

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page")]
CursorParameter = Annotated[str | None, Query(max_length=2_000, description="`next_cursor` of the page before")]
DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(values: Sequence[Any]) -> str:
    """The place after a row, as its sort keys."""
    return urlsafe_b64encode(orjson.dumps(list(values), default=str)).decode().rstrip("=")


def first_page(found: Sequence[R], limit: int, keys: Callable[[R], Sequence[Any]]) -> tuple[Sequence[R], str | None]:
    """The first `limit` rows of those found, and the cursor after the last by its sort `keys`; none where no more were.

    One more row than `limit` is asked for, to know whether there are more.
    """
    shown = found[:limit]
    return shown, encode_cursor(keys(shown[-1])) if len(found) > limit else None


def decode_cursor(cursor: str | None, length: int) -> list[Any] | None:
    """The `length` sort keys in a cursor; none without one. Raises Invalid for one that is not ours."""
    if cursor is None:
        return None
    try:
        values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise not_ours()
    return values


def decode_id(cursor: str | None) -> UUID | None:
    """The id in a cursor of a list that goes by it alone. Raises as `decode_cursor` does."""
    values = decode_cursor(cursor, 1)
    try:
        return UUID(str(values[0])) if values else None
    except ValueError:
        raise not_ours() from None


def not_ours() -> Invalid:
    return Invalid("The cursor is not one that this list gave; start without one.", pointer="/cursor")

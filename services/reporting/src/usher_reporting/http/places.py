"""Places in a list, out of cursors that callers hand back."""

from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from usher_kit.errors import Invalid
from usher_kit.paging import decode_cursor

P = TypeVar("P", bound=tuple[object, ...])

NUMBER: TypeAdapter[tuple[int]] = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**63)]])
"""A place in a list that is ordered by one number."""

TEXT = r"^[^\x00]*$"
"""Text that the database takes."""


def place_in(cursor: str | None, place: TypeAdapter[P], length: int) -> P | None:
    """The place of `length` sort keys in a cursor; none without one. Raises Invalid for a cursor that is not ours."""
    values = decode_cursor(cursor, length)
    try:
        return None if values is None else place.validate_python(tuple(values))
    except ValidationError as error:
        raise Invalid("The cursor is not one that this list gave; start without one.", pointer="/cursor") from error

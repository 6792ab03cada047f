"""A report as rows: its columns, what may be asked of it, and how its rows are read from one moment of the database."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.errors import FieldError, Invalid
from usher_reporting.reports.reach import Reach

Row: TypeAlias = Mapping[str, Any]
"""A row's values by the names of its columns; those of a column that is missing are null."""


class Kind(StrEnum):
    """What a column holds, and so how each format writes it."""

    TEXT = "text"
    ID = "id"
    WHOLE = "whole"
    NUMBER = "number"
    MOMENT = "moment"
    """A point in time, in UTC."""
    DAY = "day"
    YES_OR_NO = "yes_or_no"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `meaning` says its unit, and what null stands for. Personal is what names somebody beyond their id."""

    name: str
    kind: Kind
    meaning: str
    is_personal: bool = False


class Filters(BaseModel):
    """What a report may be narrowed by, in the names of its page's query parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


F = TypeVar("F", bound=Filters)


@dataclass(frozen=True, slots=True)
class Question(Generic[F]):
    """Whose rows are asked for, which of them, and as of when."""

    reach: Reach
    filters: F
    at: datetime


@dataclass(frozen=True, slots=True)
class Report(Generic[F]):
    """A report that can be exported. `path` is its page, of the same rows; `scope` what opens it to machines."""

    name: str
    title: str
    path: str
    columns: Sequence[Column]
    filters: type[F]
    rows: Callable[[AsyncConnection, Question[F]], AsyncIterator[Row]]
    scope: str = "reports:read"
    has_past: bool = True
    """Whether it can be asked what it said at a past moment."""
    judge: Callable[[Question[F]], object] = lambda _: None
    """Raises Invalid for filters that make no sense together; its pointers are query parameters."""

    @property
    def names_people(self) -> bool:
        """Whether its files hold personal data, and go when somebody is erased."""
        return any(column.is_personal for column in self.columns)

    def read(self, filters: Mapping[str, Any]) -> F:
        """What was asked, as this report's filters. Raises Invalid that says what is wrong, and where."""
        try:
            return self.filters.model_validate(filters)
        except ValidationError as error:
            errors = tuple(self._told(one) for one in error.errors(include_url=False))
            detail = "; ".join(f"{one.pointer}: {one.detail}" for one in errors[:3])
            raise Invalid(detail, errors=errors) from None

    def check(self, question: Question[F]) -> None:
        """Raises Invalid for a question that makes no sense."""
        try:
            self.judge(question)
        except Invalid as error:
            errors = tuple(FieldError(f"/filters{one.pointer}", one.detail) for one in error.errors)
            raise Invalid(error.detail, errors=errors) from None

    def _told(self, error: Any) -> FieldError:
        pointer = "/filters/" + "/".join(map(str, error["loc"]))
        if error["type"] != "extra_forbidden":
            return FieldError(pointer.rstrip("/"), error["msg"])
        known = ", ".join(sorted(field.alias or name for name, field in self.filters.model_fields.items()))
        return FieldError(pointer, f"The report {self.name} has no such filter; it has {known or 'none'}.")

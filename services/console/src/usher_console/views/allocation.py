"""The allocation by organization: one line for each unit, with its figures by product, in a chosen order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from usher_console.clients.reporting import UnitFigures
from usher_console.views.organizations import tree
from usher_console.views.wording import COMBINED, Line, Tone, count, product_name, spelled

PAGE = 50
FIELDS = (
    ("total_licensed", "Licensed"),
    ("assigned", "Assigned"),
    ("available", "Available"),
    ("waitlisted", "Waiting"),
)
BY_NAME = "name"
DEEPEST = 4
"""Deeper units are indented no further."""


@dataclass(frozen=True, slots=True)
class Column:
    """A sortable column. `sort` is the order its heading leads to; `direction` the one in force, as ARIA says it."""

    label: str
    sort: str
    direction: str | None
    opens_group: bool = False


@dataclass(frozen=True, slots=True)
class UnitRow:
    org_id: UUID
    name: str
    kind: str
    depth: int
    figures: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Allocation:
    """`groups` are products with the number of their columns; `next_start` is the first line of the next page."""

    groups: Sequence[tuple[str, int]]
    name_column: Column
    columns: Sequence[Column]
    rows: Sequence[UnitRow]
    total: int
    sort: str
    next_start: int | None
    previous_start: int | None

    @property
    def summary(self) -> str:
        """How many lines there are, and what a line counts."""
        if self.total == 1:
            return "1 organization"
        return f"{count(self.total)} organizations. Each counts all below it; a dash stands for a pool above."


def allocation(units: Sequence[UnitFigures], *, sort: str = BY_NAME, start: int = 0) -> Allocation:
    """The table's lines from `start`, by `sort`: "name" or "PRODUCT.FIELD", with "-" before it for descending."""
    keys = figure_keys(units)
    sort = sort if sort.removeprefix("-") in {BY_NAME, *keys} else BY_NAME
    start = start if start < len(units) else 0
    end = start + PAGE
    return Allocation(
        groups=groups(keys),
        name_column=Column("Organization", *leads_to(BY_NAME, sort)),
        columns=[Column(label, *leads_to(key, sort), opens_group=is_first(key, keys)) for key, label in keys.items()],
        rows=[unit_row(unit, depth, keys) for depth, unit in in_order(units, sort)[start:end]],
        total=len(units),
        sort=sort,
        next_start=end if end < len(units) else None,
        previous_start=max(0, start - PAGE) if start else None,
    )


def figure_keys(units: Sequence[UnitFigures]) -> dict[str, str]:
    """Each column's key, "PRODUCT.FIELD", with its label. People with both products are only counted."""
    products = sorted({p.product for unit in units for p in unit.products}, key=lambda p: (p == COMBINED, p))
    return {
        f"{product}.{field}": label
        for product in products
        for field, label in FIELDS
        if product != COMBINED or field == "assigned"
    }


def product_of(key: str) -> str:
    return key.partition(".")[0]


def groups(keys: Iterable[str]) -> list[tuple[str, int]]:
    """Each product's name with the number of its columns."""
    return [(product_name(product), len([*columns])) for product, columns in groupby(keys, product_of)]


def is_first(key: str, keys: Iterable[str]) -> bool:
    """Whether a product's columns begin here."""
    return next(other for other in keys if product_of(other) == product_of(key)) == key


def leads_to(key: str, sort: str) -> tuple[str, str | None]:
    """The order that a heading leads to, and the one in force: the other direction, or the one most often wanted."""
    if sort.removeprefix("-") != key:
        return (key if key == BY_NAME else f"-{key}"), None
    return (key, "descending") if sort.startswith("-") else (f"-{key}", "ascending")


def in_order(units: Sequence[UnitFigures], sort: str) -> list[tuple[int, UnitFigures]]:
    """Each unit with its depth: by name as the tree that they form; by a figure as a flat list, without it last."""
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    if key == BY_NAME:
        return tree(units, falling=falling)
    by_name = sorted(units, key=lambda unit: (unit.name.casefold(), unit.id))
    having = [(value, unit) for unit in by_name if (value := figure(unit, key)) is not None]
    having.sort(key=lambda pair: -pair[0] if falling else pair[0])
    return [(0, unit) for _, unit in having] + [(0, unit) for unit in by_name if figure(unit, key) is None]


def figure(unit: UnitFigures, key: str) -> int | None:
    product, _, field = key.partition(".")
    found = next((p for p in unit.products if p.product == product), None)
    value = getattr(found, field, None)
    return value if isinstance(value, int) else None


def unit_row(unit: UnitFigures, depth: int, keys: Mapping[str, str]) -> UnitRow:
    figures = []
    for key, label in keys.items():
        value = figure(unit, key)
        figures.append(Line(f"{unit.id}.{key}", label, count(value), tone_of(key, value)))
    return UnitRow(unit.id, unit.name, spelled(unit.kind or ""), min(depth, DEEPEST), figures)


def tone_of(key: str, value: int | None) -> Tone:
    """Seats given beyond what there is stop; people waiting want care."""
    if key.endswith(".available") and (value or 0) < 0:
        return "stop"
    return "care" if key.endswith(".waitlisted") and value else "plain"

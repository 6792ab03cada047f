"""The dashboard's lines: people and license of each product side by side, and combined (interfaces, seats: Usage)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from usher_reporting.domain.headcount import COMBINED, COMBINED_OF, Headcount
from usher_reporting.domain.licenses import License, ServingPool, worst

CATALOGUE = {"learn": "Learn", "observe": "Observe"}
"""What the catalogue starts with (seats: Words); on every dashboard, and first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One product's figures; null where they are those of an ancestor's pool. Percentages are 0 to 100."""

    product: str
    name: str
    people: Headcount
    total_licensed: int | None
    available: int | None
    over_capacity: int
    over_allocated: bool
    license_state: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    shared_pool: ServingPool | None = None
    note: str | None = None

    @property
    def usage_percentage(self) -> float | None:
        """Assigned of total licensed."""
        return percentage(self.people.assigned, self.total_licensed or 0)

    @property
    def utilization_percentage(self) -> float | None:
        """Active seat holders of assigned."""
        return percentage(self.people.active, self.people.assigned)


@dataclass(frozen=True, slots=True)
class Known:
    """What reporting knows of one organization and its units, by product."""

    people: Mapping[str, Headcount]
    licenses: Mapping[str, License]
    serving: Mapping[str, ServingPool]


def catalogue(names: Mapping[str, str]) -> dict[str, str]:
    """Products with their names: those that the catalogue starts with, then the others by their own words."""
    return {**CATALOGUE, **{product: names[product] for product in sorted(names)}}


def lines(known: Known, names: Mapping[str, str]) -> Sequence[Line]:
    """A line for each product of the catalogue and each that somebody holds or has licensed; combined comes last."""
    unnamed = {*known.people, *known.licenses, *known.serving} - {COMBINED, *names, *CATALOGUE}
    shown = catalogue({**{product: product for product in unnamed}, **names})
    found = [line(product, name, known) for product, name in shown.items()]
    pair = [one for one in found if one.product in COMBINED_OF]
    return [*found, combined(pair, known.people.get(COMBINED, Headcount()))]


def line(product: str, name: str, known: Known) -> Line:
    """One product's line: by the pools at and below the organization, or by the ancestor's pool that serves it."""
    people = known.people.get(product, Headcount())
    serving = known.serving.get(product)
    if serving is not None and serving.is_shared:
        return Line(
            product,
            name,
            people,
            total_licensed=None,
            available=None,
            over_capacity=0,
            over_allocated=serving.over_allocated,
            license_state=serving.license_state,
            starts_at=serving.starts_at,
            ends_at=serving.ends_at,
            shared_pool=serving,
        )
    own = known.licenses.get(product, License())
    return Line(
        product,
        name,
        people,
        total_licensed=own.total_licensed,
        available=own.total_licensed - people.assigned,
        over_capacity=own.over_capacity,
        over_allocated=own.over_allocated,
        license_state=own.state,
        starts_at=own.starts_at,
        ends_at=own.ends_at,
    )


def combined(pair: Sequence[Line], people: Headcount) -> Line:
    """People with seats of both products: the smaller total, the worse state, the earlier end (seats: Words)."""
    totals = [one.total_licensed for one in pair if one.total_licensed is not None]
    free = [one.available for one in pair if one.available is not None]
    states = [one.license_state for one in pair if one.license_state is not None]
    begins = [one.starts_at for one in pair if one.starts_at is not None]
    ends = [one.ends_at for one in pair if one.ends_at is not None]
    return Line(
        COMBINED,
        "Combined",
        people,
        total_licensed=min(totals) if len(totals) == len(pair) else None,
        available=max(0, min(free)) if len(free) == len(pair) else None,
        over_capacity=max(one.over_capacity for one in pair),
        over_allocated=any(one.over_allocated for one in pair),
        license_state=worst(states) if len(states) == len(pair) else None,
        starts_at=max(begins, default=None),
        ends_at=min(ends, default=None),
        note="counted from both pools",
    )


def percentage(part: int, whole: int) -> float | None:
    """`part` of `whole` in percent, 0 to 100 with two decimals; none where the whole is 0 (seats: Usage)."""
    return round(min(100.0, 100 * part / whole), 2) if whole > 0 else None


def days_left(ends_at: datetime, at: datetime) -> int:
    """Whole days until `ends_at`; 0 once it has passed."""
    return max(0, (ends_at - at) // timedelta(days=1))

"""Patterns of claims, read from what is counted by day: one statement for the figures, one for the waits of a page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.patterns import Pattern, Period

NOWHERE = UUID(int=0)
KINDS = ("assigned", "promoted", "waitlisted", "suspended", "restored", "withheld", "moved", "released")
OF_TENANTS = "t.tenant_id = any(cast(:tenants as uuid[]))"
OF_UNITS = f"{OF_TENANTS} and t.org_id = any(cast(:units as uuid[]))"
ASKED = "{scope} and (cast(:product as text) is null or t.product = :product)"
FIRST = """
    case when t.day < :since then '-infinity'
         when :by_month then greatest(cast(date_trunc('month', t.day) as date), :since) else :since end
"""
KEY = f"""
    {FIRST} as first,
    case when :by_product then t.product else '' end as product,
    case when :by_organization then t.org_id else cast('{NOWHERE}' as uuid) end as org_id,
    case when :by_reason then t.reason else '' end as reason
"""
NAMES = "product, org_id, reason"

# The days before the first period are one of their own, so that a running sum says what was held when it began.
PAGE = f"""
    with period as (
        select * from unnest(cast(:firsts as date[]), cast(:middles as date[])) as p (first, middle)
        union all select '-infinity', null
    ), told as (
        select {KEY}, t.day, t.kind, t.claims, t.seats_entered, t.seats_left, t.seats_transferred,
            t.seats_entered - t.seats_left + t.seats_transferred as net
        from claim_tally t where {ASKED} and t.day <= :until
    ), counted as (
        select {NAMES}, first, sum(claims) as claims, sum(seats_entered) as entered, sum(seats_left) as lost,
            sum(seats_transferred) as transferred, sum(net) as net,
            sum(net) filter (where day <= middle) as net_to_middle,
            {", ".join(f"sum(claims) filter (where kind = '{kind}') as {kind}" for kind in KINDS)}
        from told join period using (first) group by {NAMES}, first
    ), held as (
        select g.*, p.first, {", ".join(f"coalesce(c.{kind}, 0) as {kind}" for kind in KINDS)},
            coalesce(c.claims, 0) as claims, coalesce(c.entered, 0) as entered, coalesce(c.lost, 0) as lost,
            coalesce(c.transferred, 0) as transferred, coalesce(c.net_to_middle, 0) as net_to_middle,
            sum(coalesce(c.net, 0)) over (partition by {NAMES} order by p.first) as held,
            sum(coalesce(c.net, 0)) over (partition by {NAMES} order by p.first) - coalesce(c.net, 0) as held_before
        from (select distinct {NAMES} from counted) g cross join period p left join counted c using ({NAMES}, first)
    )
    select held.*, o.name as organization
    from held left join organization o on o.tenant_id = any(cast(:tenants as uuid[])) and o.id = held.org_id
    where first <> '-infinity' and (claims > 0 or not :by_reason and (held <> 0 or held_before <> 0))
        and (cast(:after_first as date) is null
            or (first, {NAMES}) > (:after_first, :after_product, cast(:after_org_id as uuid), :after_reason))
    order by first, {NAMES} limit :limit
"""
WAITS = f"""
    select shown.number, t.length, sum(t.seats)
    from (
        select {KEY}, t.length, t.seats from wait_tally t where {ASKED} and t.day between :since and :until
    ) t
    join unnest(cast(:shown_firsts as date[]), cast(:products as text[]), cast(:org_ids as uuid[]),
        cast(:reasons as text[])) with ordinality as shown (first, product, org_id, reason, number)
        using (first, {NAMES})
    group by shown.number, t.length
"""
PAGES = {of_all: text(PAGE.format(scope=OF_TENANTS if of_all else OF_UNITS)) for of_all in (True, False)}
WAITS_OF = {of_all: text(WAITS.format(scope=OF_TENANTS if of_all else OF_UNITS)) for of_all in (True, False)}


class Place(NamedTuple):
    """What a row counts, and where it stands in the list; what is not told apart is empty, or `NOWHERE`."""

    first: date
    product: str
    org_id: UUID
    reason: str


class Row(NamedTuple):
    """One period of what is told apart. `organization` is none where it is not, or before its fact arrived."""

    place: Place
    organization: str | None
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose claims are counted (of these tenants, of these units alone where given), and told apart by what."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None
    product: str | None
    by: frozenset[str]
    periods: Sequence[Period]

    @property
    def parameters(self) -> dict[str, Any]:
        asked: dict[str, Any] = {
            f"by_{name}": name in self.by for name in ("month", "product", "organization", "reason")
        }
        if self.units is not None:
            asked["units"] = list(self.units)
        return asked | {
            "tenants": list(self.tenants),
            "product": self.product,
            "since": self.periods[0].first,
            "until": self.periods[-1].last,
        }


async def load_patterns(conn: AsyncConnection, asked: Asked, *, after: Place | None, limit: int) -> list[Row]:
    """The rows that come `after` a place, by time, then product, organization and reason."""
    place = after or Place(None, "", NOWHERE, "")  # type: ignore[arg-type]  # no place yet
    periods = {
        "firsts": [period.first for period in asked.periods],
        "middles": [period.middle for period in asked.periods],
    }
    after_place = {f"after_{name}": value for name, value in place._asdict().items()}
    given = asked.parameters | periods | after_place | {"limit": limit}
    rows = (await conn.execute(PAGES[asked.units is None], given)).mappings().all()
    places = [Place(row["first"], row["product"], row["org_id"], row["reason"]) for row in rows]
    waits = await load_waits(conn, asked, places)
    return [
        Row(place, row["organization"], to_pattern(row, waits[number]))
        for number, (place, row) in enumerate(zip(places, rows, strict=True), 1)
    ]


async def load_waits(conn: AsyncConnection, asked: Asked, places: Sequence[Place]) -> Mapping[int, Mapping[int, int]]:
    """Who was seated after a wait, by the number of the place (from 1) and the length of the wait."""
    shown = {
        "shown_firsts": [place.first for place in places],
        "products": [place.product for place in places],
        "org_ids": [place.org_id for place in places],
        "reasons": [place.reason for place in places],
    }
    waits: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for number, length, seats in await conn.execute(WAITS_OF[asked.units is None], asked.parameters | shown):
        waits[number][length] = int(seats)
    return waits


def to_pattern(row: RowMapping, waits: Mapping[int, int]) -> Pattern:
    return Pattern(
        kinds={kind: int(row[kind]) for kind in KINDS},
        entered=int(row["entered"]),
        left=int(row["lost"]),
        transferred=int(row["transferred"]),
        held_before=int(row["held_before"]),
        held_in_middle=int(row["held_before"]) + int(row["net_to_middle"]),
        waits=waits,
    )

"""Who holds, awaits or had which seat, by person, up to the page's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import TextClause

from usher_contracts.entitlements import SeatState
from usher_contracts.usage import Activity
from usher_reporting.store.streams import Query

STATES = tuple(state for state in get_args(SeatState) if state != "none")
NEXT = "(cast(:after_user as uuid) is null or (s.user_id, s.product) > (cast(:after_user as uuid), :after_product))"
# Where people are counted is known before the catalogue is told; where nobody was, no seat is held or awaited.
# Every kind of seat at every place gives its own first, in the order of an index; then the first of them all are named.
# So nothing is read that is not near the page, however rare what is asked for is.
OF_UNITS = f"""
    unnest(cast(:states as text[])) as one (state)
    cross join unnest(cast(:activities as text[])) as used (activity)
    cross join (
        select org_id, product
        from (
            select o.tenant_id, o.id, p.product from organization o join product p on p.tenant_id = o.tenant_id
            union
            select h.tenant_id, h.org_id, h.product from headcount h
        ) known (tenant_id, org_id, product)
        where tenant_id = any(cast(:tenants as uuid[]))
            and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
            and (cast(:product as text) is null or product = :product)
    ) place
    cross join lateral (
        select * from seat s
        where (s.counts_at, s.product, s.state, s.activity) = (place.org_id, place.product, one.state, used.activity)
            and {NEXT}
        order by s.user_id limit :limit
    ) s
"""
OF_TENANTS = f"""
    unnest(cast(:tenants as uuid[])) as place (tenant_id)
    cross join lateral (
        select * from seat s where s.tenant_id = place.tenant_id and s.version > 0 and {NEXT}
        order by s.user_id, s.product limit :limit
    ) s
"""
# One person's seats are few; and where all are read, or of the past, each is looked at in the order of the list.
PLAIN = f"""
    seat s
    where s.tenant_id = any(cast(:tenants as uuid[])) and {{of_person}} and s.version > 0 and {NEXT}
        and (cast(:units as uuid[]) is null or s.counts_at = any(cast(:units as uuid[])))
        and (cast(:product as text) is null or s.product = :product)
        and s.state = any(cast(:states as text[])) and s.activity = any(cast(:activities as text[]))
"""
PAGE = """
    select s.user_id, f.display_name, f.user_name, s.product, s.counts_at as org_id, o.name as organization, s.pool_id,
        s.state, s.since, s.assigned_since, s.version,
        case when s.state = 'assigned' then s.activity end as activity,
        case when s.state = 'assigned' then s.activity_since end as activity_since, s.last_login_at
    from (select s.* from {seats} order by s.user_id, s.product limit :limit) s
    left join profile f on f.tenant_id = s.tenant_id and f.id = s.user_id
    left join organization o on o.tenant_id = s.tenant_id and o.id = s.counts_at
    order by s.user_id, s.product
"""
PAGE_OF_UNITS, PAGE_OF_TENANTS, PAGE_OF_PERSON, PAGE_OF_ALL = (
    text(PAGE.format(seats=seats))
    for seats in (OF_UNITS, OF_TENANTS, PLAIN.format(of_person="s.user_id = :user_id"), PLAIN.format(of_person="true"))
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose seats: of these tenants, of these units alone where given; of what is none, all. Activity is a holder's.

    `is_whole` where the list is read to its end, or the transaction looks at a past moment, which has no index.
    """

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None
    product: str | None = None
    user_id: UUID | None = None
    state: str | None = None
    activity: str | None = None
    is_whole: bool = False

    @property
    def statement(self) -> TextClause:
        """What finds them without reading far beyond the page."""
        if self.user_id is not None:
            return PAGE_OF_PERSON
        if self.is_whole:
            return PAGE_OF_ALL
        is_of_all = self.units is None and (self.product, self.state, self.activity) == (None, None, None)
        return PAGE_OF_TENANTS if is_of_all else PAGE_OF_UNITS

    @property
    def states(self) -> Sequence[str]:
        """The states in question: only who holds a seat is active or not."""
        asked = STATES if self.state is None else (self.state,)
        return asked if self.activity is None else [state for state in asked if state == "assigned"]


async def list_assignments(
    conn: AsyncConnection, asked: Asked, *, after: tuple[UUID, str] | None, limit: int
) -> Sequence[RowMapping]:
    """Seats in order of person and product, those that come `after` a person's of a product."""
    return (await conn.execute(*assignments_query(asked, after=after, limit=limit))).mappings().all()


def assignments_query(asked: Asked, *, after: tuple[UUID, str] | None = None, limit: int | None = None) -> Query:
    """What `list_assignments` asks; without a limit all of it."""
    after_user, after_product = after or (None, "")
    statement = asked.statement
    given: dict[str, Any] = {
        "tenants": list(asked.tenants),
        "units": None if asked.units is None else list(asked.units),
        "product": asked.product,
        "user_id": asked.user_id,
        "states": list(asked.states),
        "activities": [asked.activity] if asked.activity else list(get_args(Activity)),
        "after_user": after_user,
        "after_product": after_product,
        "limit": limit,
    }
    return Query(statement, {name: given[name] for name in statement.compile().params})

"""Statements on the course of holdings: suspensions, returns, and wishes to keep a seat."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged
from usher_usage.domain.activity import Keep
from usher_usage.store.locking import Person

SUSPENDED = "suspended"

SAVE_SUSPENSIONS = text("""
    insert into suspension as s (tenant_id, user_id, product, version, began_at, ended_at)
    select tenant, person, product, version, max(began), max(ended)
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:versions as bigint[]), cast(:began as timestamptz[]), cast(:ended as timestamptz[]))
        as told (tenant, person, product, version, began, ended)
    group by tenant, person, product, version
    on conflict (tenant_id, user_id, product, version) do update
    set (began_at, ended_at) = (coalesce(s.began_at, excluded.began_at), coalesce(s.ended_at, excluded.ended_at))
""")
SAVE_RETURNS = text("""
    update seat s set is_return = true
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:assigned as timestamptz[])) as told (tenant, person, product, assigned)
    where (s.tenant_id, s.user_id, s.product) = (told.tenant, told.person, told.product)
        and s.assigned_since = told.assigned and not s.is_return
""")
FIND_SEAT = text("""
    select s.tenant_id, s.user_id, s.product, coalesce(p.org_id, s.org_id) as org_id, s.state, s.reason,
        o.name as organization, o.time_zone, a.activity, a.last_login_at, a.reclaim_due, a.kept_until
    from seat s
    left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
    left join organization o on o.tenant_id = s.tenant_id and o.id = coalesce(p.org_id, s.org_id)
    left join seat_activity a on (a.tenant_id, a.user_id, a.product) = (s.tenant_id, s.user_id, s.product)
    where s.user_id = :user and s.product = :product
""")
SAVE_KEEP = text("""
    insert into keep as k (tenant_id, user_id, product, at, until) values (:tenant, :user, :product, :at, :until)
    on conflict (tenant_id, user_id, product) do update set (at, until) = (excluded.at, excluded.until)
    where k.until < excluded.until or k.at < excluded.at
""")


def tells_of_the_course(seat: SeatChanged) -> bool:
    """Whether a fact, even one that is not the latest, says something of a holding that later ones do not."""
    return SUSPENDED in (seat.state, seat.from_state) or seat.reason == "returned"


async def save_course(conn: AsyncConnection, seats: Sequence[SeatChanged]) -> list[Person]:
    """Keep what these facts say of suspensions and returns, whatever their order. Answers whom they are about."""
    if spans := [span for seat in seats for span in suspensions_of(seat)]:
        names = ("tenants", "people", "products", "versions", "began", "ended")
        await conn.execute(SAVE_SUSPENSIONS, dict(zip(names, map(list, zip(*spans, strict=True)), strict=True)))
    if returns := [seat for seat in seats if is_return(seat)]:
        await conn.execute(
            SAVE_RETURNS,
            {
                "tenants": [seat.tenant_id for seat in returns],
                "people": [seat.user_id for seat in returns],
                "products": [seat.product for seat in returns],
                "assigned": [seat.assigned_since for seat in returns],
            },
        )
    return sorted({(seat.tenant_id, seat.user_id) for seat in seats})


def suspensions_of(seat: SeatChanged) -> list[tuple[UUID, UUID, str, int, datetime | None, datetime | None]]:
    """The ends of suspensions that a fact tells, each under the version that began it."""
    began = [(seat.version, seat.since, None)] if seat.state == SUSPENDED else []
    ended = [(seat.previous_version, None, seat.since)] if seat.from_state == SUSPENDED else []
    return [(seat.tenant_id, seat.user_id, seat.product, *span) for span in [*began, *ended]]


def is_return(seat: SeatChanged) -> bool:
    """Whether a fact says that a seat was given back to a person who returned."""
    return seat.state == "assigned" and seat.reason == "returned"


async def find_seat(conn: AsyncConnection, user_id: UUID, product: str) -> Row[Any] | None:
    """A seat as its holder is shown it: its state, its organization, and what was last told of it."""
    return (await conn.execute(FIND_SEAT, {"user": user_id, "product": product})).one_or_none()


async def save_keep(conn: AsyncConnection, person: Person, product: str, keep: Keep) -> None:
    """Keep the latest wish to keep a seat."""
    tenant, user = person
    await conn.execute(
        SAVE_KEEP, {"tenant": tenant, "user": user, "product": product, "at": keep.at, "until": keep.until}
    )

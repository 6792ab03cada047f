"""License terms bought and changed, with what follows for pools and seats in the same transaction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.seats import Reason
from usher_entitlements.domain.terms import LicenseTerm, TermState, enter
from usher_entitlements.store.configurations import lock_for_change
from usher_entitlements.store.pools import latest_moment
from usher_entitlements.store.terms import find_term, load_terms
from usher_entitlements.use_cases.pass_time import Configurations, by_tenant, catch_up, decide_anew
from usher_entitlements.use_cases.recording import record_terms
from usher_entitlements.use_cases.reorganize import reorganize
from usher_kit.conditional import check_match, etag
from usher_kit.errors import Conflict, Invalid, NotFound


async def buy_term(conn: AsyncConnection, term: LicenseTerm, at: datetime, cause: Cause) -> LicenseTerm:
    """Enter a purchase; one that has begun already takes effect at once. Raises Invalid where its dates are wrong.

    One that is entered late is at once what its dates make of it by now: nobody has had a seat of it before.
    """
    check_dates(term)
    configurations, at = await lock_and_catch_up(conn, term.tenant_id, at, cause)
    return await put_into_force(conn, configurations, None, term, Reason.LICENSE_STARTED, at, cause)


async def change_term(
    conn: AsyncConnection, term_id: UUID, values: Mapping[str, Any], if_match: str | None, at: datetime, cause: Cause
) -> LicenseTerm:
    """Change what a term gives or how long it lasts; seats and waiting people follow at once.

    Raises Conflict for a term that is past and for a start that is past, Stale when `if_match` is of another state.
    """
    tenant_id = (await get_term(conn, term_id)).tenant_id
    configurations, at = await lock_and_catch_up(conn, tenant_id, at, cause)
    term = await get_term(conn, term_id)
    check_match(if_match, etag(term.version))
    check_changeable(term, values)
    changed = replace(term, **values)
    check_dates(changed)
    if purchase_of(changed) == purchase_of(term):
        return term
    return await put_into_force(conn, configurations, term, changed, Reason.CAPACITY_RAISED, at, cause)


async def end_term(
    conn: AsyncConnection, term_id: UUID, if_match: str | None, at: datetime, cause: Cause
) -> LicenseTerm:
    """End a term by hand: it counts no more, and with an organization's last one its own pool ends.

    Raises Conflict for a term that has been ended or renewed, and Stale when it is not as `if_match` says.
    """
    tenant_id = (await get_term(conn, term_id)).tenant_id
    configurations, at = await lock_and_catch_up(conn, tenant_id, at, cause)
    term = await get_term(conn, term_id)
    check_match(if_match, etag(term.version))
    if term.state in (TermState.ENDED, TermState.RENEWED):
        raise Conflict(f"This license term is {term.state} already.")
    ended = replace(term, ended_at=at)
    return await put_into_force(conn, configurations, term, ended, Reason.CAPACITY_RAISED, at, cause)


async def lock_and_catch_up(
    conn: AsyncConnection, tenant_id: UUID, at: datetime, cause: Cause
) -> tuple[Configurations, datetime]:
    """Lock a tenant's configuration alone, everything being done that time does by then.

    That is `at`, or the latest moment of its pools: another replica, whose clock is ahead, may have been there.
    """
    locked = await lock_for_change(conn, [tenant_id])
    moment = max(at, await latest_moment(conn, tenant_id) or at)
    return await catch_up(conn, locked, moment, cause), moment


async def put_into_force(
    conn: AsyncConnection,
    configurations: Configurations,
    before: LicenseTerm | None,
    term: LicenseTerm,
    why: Reason,
    at: datetime,
    cause: Cause,
) -> LicenseTerm:
    """Save and tell a term that is new or changed, in the state that its dates and the unit's other terms give it.

    What follows for pools and seats is done at once; `why` is the reason of promotions.
    """
    tenant_id = term.tenant_id
    others = [other for other in await load_terms(conn, [tenant_id]) if other.id != term.id]
    *others, entered = enter(term, others, at)
    in_force = await record_terms(conn, [before], [entered], at, cause)
    terms = by_tenant([*others, *in_force], [tenant_id])
    anew = await reorganize(conn, terms, at, why, cause)
    await catch_up(conn, await decide_anew(conn, configurations, anew), at, cause)
    return await get_term(conn, term.id)


async def get_term(conn: AsyncConnection, term_id: UUID) -> LicenseTerm:
    """A term of the transaction's tenants. Raises NotFound."""
    term = await find_term(conn, term_id)
    if term is None:
        raise NotFound("No such license term, or it is not yours to see.")
    return term


def check_dates(term: LicenseTerm) -> None:
    if term.ends_at <= term.starts_at:
        raise Invalid("A license term ends after it starts.", pointer="/ends_at")


def check_changeable(term: LicenseTerm, values: Mapping[str, Any]) -> None:
    if term.state.is_final:
        raise Conflict("This license term is over; enter a new one.")
    if "starts_at" in values and term.has_begun and values["starts_at"] != term.starts_at:
        raise Conflict("This license term has begun; its start can't change any more.")


def purchase_of(term: LicenseTerm) -> LicenseTerm:
    """What was bought, apart from what time has made of it."""
    return replace(term, state=TermState.SCHEDULED, version=0)

"""Passing time: what comes due for license terms, applied in order before anything else is decided."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.seats import Reason
from usher_entitlements.domain.terms import LicenseTerm, due_passages, with_successors
from usher_entitlements.store.configurations import (
    Configuration,
    lock_for_change,
    lock_unless_due,
    save_configurations,
)
from usher_entitlements.store.notice_clocks import look_at_notices
from usher_entitlements.store.terms import load_terms
from usher_entitlements.use_cases.acts import passages, write_down
from usher_entitlements.use_cases.recording import record_terms
from usher_entitlements.use_cases.reorganize import reorganize
from usher_entitlements.use_cases.settle_pools import ALL, STEP
from usher_kit.audit import Act
from usher_kit.database import Contended

Configurations = Mapping[UUID, Configuration]


async def hold_configurations(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime) -> Configurations:
    """Lock these tenants' configurations for decisions at `at`, everything that time does until then being done.

    Raises Contended when a change made something due while its lock was waited for.
    """
    held = await lock_unless_due(conn, tenants, at)
    if len(held) < len(tenants):
        return await catch_up(conn, await lock_for_change(conn, tenants), at, Cause())
    if any(one.due_at is not None and one.due_at <= at for one in held.values()):
        raise Contended("a license term has come due meanwhile")
    return held


async def catch_up(conn: AsyncConnection, configurations: Configurations, at: datetime, cause: Cause) -> Configurations:
    """Apply what is due by `at` in tenants whose configurations are locked alone, and note when more will be."""
    terms = with_successors(await load_terms(conn, list(configurations)))
    anew: set[UUID] = set()
    moved: list[Act] = []
    # A replica that was down for a week goes through each passage in its turn: there are as many rounds as moments.
    moments = due_passages(terms, at)
    for moment in moments:
        before = terms
        terms = await record_terms(conn, before, [term.passed(moment) for term in before], moment, cause)
        # What the next moment finds is what this one has left: only after the last do large pools settle by steps.
        seats = STEP if moment == moments[-1] else ALL
        anew |= await apply_passage(conn, before, terms, moment, cause, seats)
        moved += passages(before, terms, moment)
    await write_down(conn, moved, at, cause)
    due = dict.fromkeys(configurations) | next_due(terms)
    await look_at_notices(conn, list(configurations), at)
    await save_configurations(conn, due, changed=anew)
    return {
        tenant: replace(held, version=held.version + (tenant in anew), due_at=due[tenant])
        for tenant, held in configurations.items()
    }


async def decide_anew(conn: AsyncConnection, configurations: Configurations, changed: Iterable[UUID]) -> Configurations:
    """Give the tenants in which people are to be decided about anew another version of their configuration."""
    bumped = {tenant: replace(configurations[tenant], version=configurations[tenant].version + 1) for tenant in changed}
    await save_configurations(conn, {tenant: held.due_at for tenant, held in bumped.items()}, changed=bumped)
    return {**configurations, **bumped}


async def apply_passage(
    conn: AsyncConnection,
    before: Sequence[LicenseTerm],
    after: Sequence[LicenseTerm],
    moment: datetime,
    cause: Cause,
    seats: int,
) -> frozenset[UUID]:
    """What follows for pools and seats from the terms that `moment` has moved; no more than `seats` of them at once."""
    concerned = {now.tenant_id for was, now in zip(before, after, strict=True) if was is not now}
    return await reorganize(conn, by_tenant(after, concerned), moment, Reason.LICENSE_STARTED, cause, seats=seats)


def next_due(terms: Iterable[LicenseTerm]) -> dict[UUID, datetime | None]:
    """By tenant, when time alone changes a term next."""
    moments: dict[UUID, list[datetime]] = defaultdict(list)
    for term in terms:
        if term.next_passage_at is not None:
            moments[term.tenant_id].append(term.next_passage_at)
    return {tenant: min(own) for tenant, own in moments.items()}


def by_tenant(terms: Iterable[LicenseTerm], tenants: Iterable[UUID]) -> dict[UUID, list[LicenseTerm]]:
    """The terms of each of these tenants."""
    found: dict[UUID, list[LicenseTerm]] = {tenant: [] for tenant in tenants}
    for term in terms:
        if term.tenant_id in found:
            found[term.tenant_id].append(term)
    return found

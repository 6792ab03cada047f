"""The tree of organizations: identity's facts about units, and what they change in who is served by which pool."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.identity import OrganizationChanged
from usher_entitlements.domain.seating import Case
from usher_entitlements.domain.seats import Reason
from usher_entitlements.store.configurations import lock_for_change
from usher_entitlements.store.organizations import load_parents
from usher_entitlements.store.people import find_pending, save_people
from usher_entitlements.store.terms import load_terms
from usher_entitlements.use_cases.desk import call_line, decide, lay_for_people, save, take_off_list
from usher_entitlements.use_cases.pass_time import Configurations, by_tenant, catch_up, decide_anew
from usher_entitlements.use_cases.reorganize import reorganize
from usher_kit.directory import apply_organizations


async def place_organizations(
    conn: AsyncConnection, events: Sequence[Event[OrganizationChanged]], at: datetime
) -> Collection[UUID]:
    """Keep the tree, let the pools serve it as it is now, and decide about people who came before their unit."""
    facts = latest(events)
    tenants = sorted({event.tenantid for event in facts})
    locked = await lock_for_change(conn, tenants)
    known = await load_parents(conn, tenants, [event.data.id for event in facts])
    news = set(await apply_organizations(conn, facts, at))
    placed = [e for e in facts if e.data.id in news and known.get(e.data.id, e.data.id) != e.data.parent_id]
    if not placed:
        return news
    cause = Cause.of(placed[0])
    configurations = await catch_up(conn, locked, at, cause)
    concerned = {event.tenantid for event in placed}
    terms = by_tenant(await load_terms(conn, sorted(concerned)), concerned)
    changed = await reorganize(conn, terms, at, Reason.SEAT_FREED, cause)
    configurations = await decide_anew(conn, configurations, changed)
    await decide_pending(conn, configurations, [e.data.id for e in placed if e.data.id not in known], at, cause)
    return news


async def decide_pending(
    conn: AsyncConnection, configurations: Configurations, orgs: Sequence[UUID], at: datetime, cause: Cause
) -> None:
    """Decide about people whose organization has just come."""
    pending = await find_pending(conn, list(configurations), orgs)
    if not pending:
        return
    desk = await lay_for_people(conn, configurations, pending, orgs)
    people = [desk.decided(person) for person in desk.people.values()]
    desk, _ = await take_off_list(conn, desk, list(pending))
    cases = [
        Case(None, person, because=dict.fromkeys(desk.rules[person.tenant_id], Reason.USER_TRANSFERRED))
        for person in people
    ]
    seating = decide(await call_line(conn, desk, cases), cases, at)
    await save_people(conn, [], people)
    await save(conn, desk, seating, dict.fromkeys(pending, cause), at)

"""Setting calendars: an administrator enters one, or a set's academic sessions give a tenant's root its own."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts import identity as contracts
from usher_identity.domain import calendars
from usher_identity.domain.academic_sessions import IncomingSessions, find_breaks, merge_sessions
from usher_identity.domain.calendars import Break, Calendar
from usher_identity.domain.changes import Change
from usher_identity.domain.organizations import Organization
from usher_identity.store.calendars import load_calendars, load_sessions, replace_sessions, save_calendars
from usher_identity.use_cases.recording import Act, to_event
from usher_kit import outbox
from usher_kit.versions import epoch_of


async def enter_calendar(
    conn: AsyncConnection,
    organization: Organization,
    breaks: Sequence[Break] | None,
    act: Act,
) -> Change[Calendar]:
    """Enter an organization's breaks; None leaves them to its sources again, or to the organizations above.

    The tenant's tree is locked.
    """
    before = (await load_calendars(conn, [(organization.tenant_id, organization.id)]))[organization.id]
    [change] = await record_calendars(conn, [Change(before, calendars.entered(before, breaks))], act)
    return change


async def take_sessions(
    conn: AsyncConnection, source: str, tenants: Sequence[UUID], incoming: IncomingSessions, act: Act
) -> None:
    """Keep what a source says of sessions, and give each tenant's root the breaks that all its sources' leave over.

    OneRoster's sessions name no organization, so they are the whole set's. The tenants' trees are locked.
    """
    sessions = await load_sessions(conn, tenants)
    before = {tenant: sessions.get(tenant, {}).get(source, {}) for tenant in tenants}
    after = {tenant: merge_sessions(known, incoming, act.at.date()) for tenant, known in before.items()}
    if after == before:
        return
    await replace_sessions(conn, source, {tenant: told.values() for tenant, told in after.items()})
    own = await load_calendars(conn, [(tenant, tenant) for tenant in tenants])
    changes = []
    for tenant, told in after.items():
        by_source = {**sessions.get(tenant, {}), source: told}
        breaks = find_breaks(one for said in by_source.values() for one in said.values())
        changes.append(Change(own[tenant], replace(own[tenant], sourced=breaks)))
    await record_calendars(conn, changes, act)


async def record_calendars(
    conn: AsyncConnection, changes: Sequence[Change[Calendar]], act: Act
) -> list[Change[Calendar]]:
    """Save the calendars that differ and tell those whose breaks do. Returns all, with their versions."""
    epoch = epoch_of(conn)
    recorded = [Change(one.before, calendars.settled(one.before, one.after, epoch)) for one in changes if one.before]
    await save_calendars(conn, [change.after for change in recorded if change.is_one])
    facts = [
        calendar_changed(one.after, one.before.version)
        for one in recorded
        if one.before and one.before.version != one.after.version
    ]
    await outbox.add(conn, [to_event(fact, act) for fact in facts])
    return recorded


def calendar_changed(one: Calendar, last: int = 0) -> contracts.CalendarChanged:
    """`calendar.changed`; `last` is the version before."""
    breaks = (contracts.Break(name=days.name, first=days.first, last=days.last) for days in one.breaks or ())
    return contracts.CalendarChanged(
        tenant_id=one.tenant_id,
        org_id=one.org_id,
        is_set=one.breaks is not None,
        breaks=tuple(breaks),
        version=one.version,
        previous_version=last,
    )

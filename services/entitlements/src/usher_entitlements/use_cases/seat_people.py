"""Seats follow roles: identity's facts about people, decided and saved, one or a thousand at a time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.identity import UserChanged
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.seating import Case
from usher_entitlements.store.people import save_people
from usher_entitlements.store.seats import forget_notes
from usher_entitlements.use_cases.desk import Desk, call_line, decide, lay_for_people, save, take_off_list
from usher_entitlements.use_cases.pass_time import hold_configurations


async def seat_people(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> int:
    """Bring seats in step with what identity now says of these people. Older facts and repeated ones change nothing.

    Someone whose organization is not known yet is kept as pending, and decided about when it comes.
    """
    facts = latest(events)
    people = [to_person(event) for event in facts]
    configurations = await hold_configurations(conn, sorted({person.tenant_id for person in people}), at)
    users = {person.id: person.tenant_id for person in people}
    desk = await lay_for_people(conn, configurations, users, [person.org_id for person in people])
    fresh = [desk.decided(person) for person in people if is_news(desk, person)]
    desk, on_list = await take_off_list(conn, desk, [person.id for person in fresh])
    # Who stays pending keeps the seat that they have: where they went is not known yet.
    cases = [Case(before(desk, p), p, because=on_list.get(p.id, {})) for p in fresh if p.config_version]
    seating = decide(await call_line(conn, desk, cases), cases, at)
    new, known = [p for p in fresh if p.id not in desk.people], [p for p in fresh if p.id in desk.people]
    await save_people(conn, new, known)
    decided = {case.after.id for case in cases}
    await save(conn, desk, seating, {e.data.id: Cause.of(e) for e in facts if e.data.id in decided}, at)
    if gone := [person.id for person in fresh if person.status == "deleted"]:
        await forget_notes(conn, gone)
    return len(fresh)


def is_news(desk: Desk, person: Person) -> bool:
    known = desk.people.get(person.id)
    return known is None or known.version < person.version


def before(desk: Desk, person: Person) -> Person | None:
    """The person as last decided about; None while that has never been."""
    known = desk.people.get(person.id)
    return known if known and known.config_version else None


def to_person(event: Event[UserChanged]) -> Person:
    """A fact as a person."""
    fact = event.data
    roles = [HeldRole(held.role, held.since) for held in fact.roles]
    return Person(
        event.tenantid,
        fact.id,
        fact.org_id,
        fact.status,
        fact.status_since,
        roles,
        fact.version,
        is_transferred=fact.status_reason == "transferred",
    )

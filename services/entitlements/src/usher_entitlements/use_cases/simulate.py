"""Simulation: what changes would do to seats, found by the acts themselves on a private copy (seats: Capacity)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import HeldRole, UserChanged
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.domain.people import ACTIVE, Person
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.people import load_people
from usher_entitlements.store.settlings import find_settling
from usher_entitlements.store.work_lists import pools_with_lists
from usher_entitlements.use_cases.grant_rules import set_rules
from usher_entitlements.use_cases.license_terms import buy_term, change_term, end_term
from usher_entitlements.use_cases.pass_time import catch_up, hold_configurations
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_entitlements.use_cases.seat_people import seat_people
from usher_entitlements.use_cases.settle_pools import settle_next
from usher_kit.errors import NotFound
from usher_kit.ids import new_id

POOLS_AT_ONCE = 200
PEOPLE_AT_ONCE = 5_000
"""People decided about anew in one step: nobody waits for a rehearsal's locks."""


@dataclass(frozen=True, slots=True)
class WantedPerson:
    """A person as they would be; None leaves it as it is. One who is not known yet is a newcomer."""

    user_id: UUID
    org_id: UUID | None = None
    status: str | None = None
    roles: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class TermChange:
    """A known term with other values, or ended."""

    term_id: UUID
    values: Mapping[str, Any] = field(default_factory=dict)
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What is supposed, in the order in which it is done: rules, terms, people, then the passing of time to `until`."""

    rules: Sequence[GrantRule] | None = None
    bought: Sequence[LicenseTerm] = ()
    terms: Sequence[TermChange] = ()
    people: Sequence[WantedPerson] = ()
    until: datetime | None = None


async def suppose(conn: AsyncConnection, tenant_id: UUID, changes: Changes, at: datetime) -> None:
    """Do everything that is supposed, with all that follows from it, on a rehearsal's copies.

    Raises what the acts raise: NotFound, Conflict, Invalid.
    """
    cause = Cause()
    if changes.rules is not None:
        await set_rules(conn, tenant_id, changes.rules, at, cause)
        await follow_through(conn, tenant_id, at)
    for term in changes.bought:
        await buy_term(conn, term, at, cause)
    for change in changes.terms:
        if change.is_ended:
            await end_term(conn, change.term_id, None, at, cause)
        else:
            await change_term(conn, change.term_id, change.values, None, at, cause)
    await follow_through(conn, tenant_id, at)
    if changes.people:
        await seat_people(conn, await to_facts(conn, tenant_id, changes.people, at), at)
        await follow_through(conn, tenant_id, at)
    if changes.until is not None:
        configurations = await hold_configurations(conn, [tenant_id], at)
        await catch_up(conn, configurations, changes.until, cause)
        await follow_through(conn, tenant_id, changes.until)


async def follow_through(conn: AsyncConnection, tenant_id: UUID, at: datetime) -> None:
    """Do all that a worker would do from here on: pools settled, people decided about anew."""
    while settling := await find_settling(conn, POOLS_AT_ONCE):
        await settle_next(conn, tenant_id, [pool for _, pool in settling], at)
    while lists := await pools_with_lists(conn):
        for _, pool_id in lists:
            await reevaluate(conn, tenant_id, pool_id, at, most=PEOPLE_AT_ONCE)


async def to_facts(
    conn: AsyncConnection, tenant_id: UUID, wanted: Sequence[WantedPerson], at: datetime
) -> list[Event[UserChanged]]:
    """What identity would tell: what a person has already keeps its time, what is new begins at `at`."""
    known = await load_people(conn, tenant_id, [person.user_id for person in wanted])
    facts = [to_fact(tenant_id, person, known.get(person.user_id), at) for person in wanted]
    return [Event.of(fact, id=new_id(), at=at, cause=Cause()) for fact in facts]


def to_fact(tenant_id: UUID, wanted: WantedPerson, known: Person | None, at: datetime) -> UserChanged:
    if known is None and wanted.org_id is None:
        raise NotFound(f"No person {wanted.user_id} is known here; a newcomer needs an org_id.")
    before = known or Person(tenant_id, wanted.user_id, wanted.org_id or tenant_id, "", at, [], version=0)
    since = {held.role: held.since for held in before.roles}
    status = wanted.status or before.status or ACTIVE
    now = replace(before, org_id=wanted.org_id or before.org_id, status=status)
    roles = since.keys() if wanted.roles is None else wanted.roles
    held = [HeldRole.model_validate({"role": role, "since": since.get(role, at)}) for role in roles]
    return UserChanged.model_validate(
        {
            "tenant_id": tenant_id,
            "id": wanted.user_id,
            "org_id": now.org_id,
            "status": now.status,
            "status_since": before.status_since if now.status == before.status else at,
            "roles": held,
            "version": before.version + 1,
            "previous_version": before.version,
        }
    )

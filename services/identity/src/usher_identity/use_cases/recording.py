"""Recording changes: versions raised, rows saved and facts told in one transaction; what is the same is left alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import ChangeSetHeld, HeldRole, OrganizationChanged, UserChanged, UserProfileChanged
from usher_identity.domain import organizations, people
from usher_identity.domain.change_sets import ChangeSet, RowState
from usher_identity.domain.changes import Change
from usher_identity.domain.organizations import Organization
from usher_identity.domain.people import Person, Status
from usher_identity.store.erasure import erase
from usher_identity.store.organizations import save_organizations
from usher_identity.store.people import save_people
from usher_kit import outbox
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of

MANY = 100
"""From so many changes on, a thread is worth its start."""

T = TypeVar("T")

Expect: TypeAlias = Callable[[T], None]
"""Looks at a state that is locked for a change, and raises unless the change was meant for it."""


def expect_any(_: object) -> None:
    """Whatever the state is."""


@dataclass(frozen=True, slots=True)
class Act:
    """When something is done, and what led to it."""

    at: datetime
    cause: Cause


async def record_organizations(
    conn: AsyncConnection, changes: Sequence[Change[Organization]], act: Act
) -> list[Organization]:
    """Save the organizations that differ and tell what changed of them. Returns all, with their versions.

    The transaction is open for their tenants, and holds the locks that the changes were decided under.
    """
    epoch = epoch_of(conn)
    settled = [Change(change.before, organizations.settled(change.before, change.after, epoch)) for change in changes]
    await save_organizations(conn, [change for change in settled if change.is_one])
    told = [change for change in settled if change.before is None or change.before.version != change.after.version]
    facts = [organization_changed(one.after, one.before.version if one.before else 0) for one in told]
    await outbox.add(conn, [to_event(fact, act) for fact in facts])
    return [change.after for change in settled]


async def record_people(conn: AsyncConnection, changes: Sequence[Change[Person]], act: Act) -> list[Person]:
    """Save the people who differ and tell what changed of them. Returns all, with their versions.

    The transaction is open for their tenants, and holds the locks that the changes were decided under.
    """
    epoch = epoch_of(conn)
    settled = [Change(change.before, people.settled(change.before, change.after, epoch)) for change in changes]
    saving = save_people(conn, [change for change in settled if change.is_one])
    if len(settled) < MANY:
        await saving
        events = people_events(settled, act)
    else:
        # The database writes the rows while a thread makes the facts: a fifth of an import's time.
        _, events = await asyncio.gather(saving, asyncio.to_thread(people_events, settled, act))
    await outbox.add(conn, events)
    erased = [change.before or change.after for change in settled if is_deletion(change)]
    await erase(conn, erased, act.at, act.cause.actor)
    return [change.after for change in settled]


def is_deletion(change: Change[Person]) -> bool:
    was_deleted = change.before is not None and change.before.status == Status.DELETED
    return change.after.status == Status.DELETED and not was_deleted


def people_events(changes: Sequence[Change[Person]], act: Act) -> list[Event[Any]]:
    """What changed of these people, as facts."""
    events = [
        to_event(user_changed(change.after, change.before.version if change.before else 0), act)
        for change in changes
        if change.before is None or change.before.version != change.after.version
    ]
    events += [
        to_event(user_profile_changed(change.after, change.before.profile_version if change.before else 0), act)
        for change in changes
        if change.before is None or change.before.profile_version != change.after.profile_version
    ]
    return events


def organization_changed(one: Organization, last: int = 0) -> OrganizationChanged:
    """`organization.changed`; `last` is the version before."""
    return OrganizationChanged(
        tenant_id=one.tenant_id,
        id=one.id,
        external_id=one.external_id,
        name=one.name,
        kind=one.kind,
        parent_id=one.parent_id,
        status=one.status,
        time_zone=one.time_zone,
        version=one.version,
        previous_version=last,
    )


def user_changed(one: Person, last: int = 0) -> UserChanged:
    """`user.changed`; `last` is the version before."""
    return UserChanged(
        tenant_id=one.tenant_id,
        id=one.id,
        org_id=one.org_id,
        status=one.status,
        status_since=one.status_since,
        status_reason="transferred" if one.closed_by else None,
        roles=tuple(HeldRole(role=held.role, since=held.since) for held in one.roles.held),
        version=one.version,
        previous_version=last,
    )


def user_profile_changed(one: Person, last: int = 0) -> UserProfileChanged:
    """`user_profile.changed`; `last` is the version before."""
    return UserProfileChanged(
        tenant_id=one.tenant_id,
        id=one.id,
        org_id=one.org_id,
        external_id=one.external_id,
        user_name=one.user_name,
        display_name=one.display_name,
        email=one.email,
        version=one.profile_version,
        previous_version=last,
    )


def change_set_held(change: Change[ChangeSet]) -> ChangeSetHeld:
    """A set as others hear of it: one that was overtaken is as good as rejected, since nothing of it will be done."""
    one = change.after
    return ChangeSetHeld(
        tenant_id=one.tenant_id,
        id=one.id,
        org_id=one.org_id,
        source=one.source,
        status=RowState.REJECTED.value if one.state == RowState.STALE else one.state,
        would_deactivate=one.would_deactivate,
        would_remove_roles=one.would_remove_roles,
        of_people=one.of_people,
        share_percent=one.share_percent,
        version=one.version,
        previous_version=change.before.version if change.before else 0,
    )


def to_event(fact: Any, act: Act) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=act.at, cause=act.cause)

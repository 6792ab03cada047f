"""What a row about a person changes, beside what is known and what its source said before (interfaces: Imports)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from usher_identity.domain.import_organizations import Place
from usher_identity.domain.import_standing import LIVE, leave, say, standing_of, status_after
from usher_identity.domain.import_survey import Survey, name_key
from usher_identity.domain.incoming import IncomingPerson, Issue, Severity, Standing
from usher_identity.domain.links import Link
from usher_identity.domain.mapping import MappedPerson
from usher_identity.domain.people import Person, Status
from usher_identity.domain.roles import Roles


class Outcome(StrEnum):
    """What became of a person's row; each has one."""

    CREATED = "created"
    LINKED = "linked"
    """Known by user name, and from now on by this source."""
    REACTIVATED = "reactivated"
    ARCHIVED = "archived"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Said:
    """What a source last said of a person: what it says anew is taken, what it repeats changes nothing.

    So an administrator's own change stands against the same file tomorrow.
    """

    user_name: str
    display_name: str
    email: str | None
    org_id: UUID
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class SourceLink:
    """Whom a source names by an id in a tenant, as present or not, and what it last said (None: nothing is kept)."""

    tenant_id: UUID
    external_id: str
    person_id: UUID
    standing: str
    said: Said | None


@dataclass(frozen=True, slots=True)
class Known:
    """A person whom the source knows, and what it last said of them (None: nothing that is kept)."""

    person: Person
    said: Said | None


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """Whom a batch may be about, each as they stand."""

    by_external_id: Mapping[str, Sequence[Known]]
    """At most one a tenant."""
    by_name: Mapping[tuple[UUID, str], Sequence[Person]]
    """By tenant and user name in lower case."""


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A person as they are (None: new) and as they will be, and what the source is now known to say of them.

    Versions are still those of before: whoever records the change raises them.
    """

    before: Person | None
    after: Person
    external_id: str
    said: Said | None
    said_before: Said | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ImportRules:
    """What holds for every row of one import."""

    source: str
    at: datetime
    is_bulk: bool
    places: Mapping[str, Place]
    survey: Survey
    new_id: Callable[[], UUID]


Decision = PersonChange | Issue


def is_repeated(row: MappedPerson, links: Sequence[SourceLink], rules: ImportRules) -> bool:
    """Whether the source says of a person just what it said last. Then nothing is to be done, nor even looked up."""
    person = row.person
    if person.partial_roles or person.standing is Standing.ABSENT or not links:
        return False
    place, _ = find_place(row, rules.places)
    return place is not None and any(
        link.tenant_id == place.tenant_id
        and link.standing == person.standing
        and link.said == _said(person, place.org_id, row.roles)
        for link in links
    )


def plan_person(row: MappedPerson, known: KnownPeople, rules: ImportRules) -> Sequence[Decision]:
    """Decide on one row. At most one decision is a change; without one, an issue says why the row was not taken.

    Each row is decided for itself: neither the order of rows nor how they are batched matters.
    """
    person = row.person
    candidates = known.by_external_id.get(person.external_id, ())
    place, issues = find_place(row, rules.places)
    if place is not None:
        candidates = [one for one in candidates if one.person.tenant_id == place.tenant_id]
    one = candidates[0] if len(candidates) == 1 else None
    if person.standing is Standing.ABSENT:
        return [change_absent(one, person, rules)] if one else []
    if place is None and not (one and row.person.partial_roles and not row.org_ids):
        return issues
    if one and (foremost := _foremost_id(one.person, person.external_id, rules)) != person.external_id:
        reason = f"the person is {foremost!r} too, which this set lists as well; this row was not taken"
        return [_issue(person, "sourcedId", "same_person", reason)]
    if one:
        return [*issues, change_known(one, row, place, rules)]
    if place is None or not row.roles:
        return [_issue(person, "role", "no_role", "it adds no role to a person who is not known; it was not taken")]
    return [*issues, welcome(row, place, known, rules)]


def welcome(row: MappedPerson, place: Place, known: KnownPeople, rules: ImportRules) -> Decision:
    """Somebody whom the source has not named before: linked to their namesake in the tenant, or created."""
    person = row.person
    namesake = find_namesake(person, known.by_name.get((place.tenant_id, name_key(person.user_name)), ()), rules)
    if namesake and namesake.closed_by:
        return stays_closed(person)
    return link(namesake, row, place, rules) if namesake else create(row, place, rules)


def find_place(row: MappedPerson, places: Mapping[str, Place]) -> tuple[Place | None, Sequence[Issue]]:
    """Where the person belongs: the first of their organizations that there is; and what to say of those before it."""
    person = row.person
    missing = [org for org in row.org_ids if org not in places]
    column = "primaryOrgSourcedId" if person.primary_org_id in missing else "orgSourcedIds"
    for org in row.org_ids:
        if org in places:
            reason = f"organization {', '.join(map(repr, missing))} is not known; the person was put into {org!r}"
            is_odd = missing and row.org_ids.index(missing[0]) < row.org_ids.index(org)
            issues = [_issue(person, column, "unknown_organization", reason, Severity.WARNING)] if is_odd else []
            return places[org], issues
    named = f"organization {', '.join(map(repr, missing))} is not known" if missing else "no organization is given"
    code = "unknown_organization" if missing else "no_organization"
    return None, [_issue(person, column, code, f"{named}; the person was not taken")]


def find_namesake(person: IncomingPerson, people: Sequence[Person], rules: ImportRules) -> Person | None:
    """The one person of the tenant with the row's user name (seats: Words), as long as no other row is about them."""
    if name_key(person.user_name) in rules.survey.shared_names:
        return None
    free = [one for one in people if one.status != Status.DELETED and not _is_of_another_row(one, rules)]
    return free[0] if len(free) == 1 else None


def _is_of_another_row(person: Person, rules: ImportRules) -> bool:
    """Whether this source has the person under an id that still counts; one gone from a full set does not."""
    return any(
        link.source == rules.source
        and (link.external_id in rules.survey.listed or not (rules.is_bulk or link.standing == Standing.ABSENT))
        for link in person.links
    )


def _foremost_id(person: Person, asked: str, rules: ImportRules) -> str:
    """Of the ids by which this set lists a person, the one that the source gave first: its row alone counts.

    The links of who is deleted say no id: that is the one that was `asked` for.
    """
    links = [link for link in person.links if link.source == rules.source and link.external_id in rules.survey.listed]
    return min(links, key=lambda link: (link.linked_at, link.external_id)).external_id if links else asked


def create(row: MappedPerson, place: Place, rules: ImportRules) -> PersonChange:
    """A person who is new to the tenant."""
    person = row.person
    after = Person(
        tenant_id=place.tenant_id,
        id=rules.new_id(),
        org_id=place.org_id,
        user_name=person.user_name,
        display_name=person.display_name,
        email=person.email,
        status=Status.ACTIVE if person.standing is Standing.ACTIVE else Status.SUSPENDED,
        status_since=rules.at,
        roles=first_roles(rules.source, row.roles, rules.at),
        links=(Link(rules.source, person.external_id, rules.at, person.standing),),
    )
    said = _said(person, place.org_id, row.roles)
    return PersonChange(None, after, person.external_id, said, None, Outcome.CREATED)


@lru_cache(maxsize=100)
def first_roles(source: str, roles: frozenset[str], at: datetime) -> Roles:
    """The roles of somebody who is new: a value that a whole import shares, since many are alike."""
    return Roles().from_source(source, roles, at)


def link(namesake: Person, row: MappedPerson, place: Place, rules: ImportRules) -> PersonChange:
    """A person of the tenant whom the source comes to know. Their user name stays as it is written."""
    person = row.person
    links = (*namesake.links, Link(rules.source, person.external_id, rules.at, person.standing))
    said = _said(person, place.org_id, row.roles)
    after = _with_row(namesake, None, said, rules)
    after = replace(after, user_name=namesake.user_name, links=links)
    after = _with_status(after, status_after(namesake.status, None, person.standing), rules.at)
    return PersonChange(namesake, after, person.external_id, said, None, Outcome.LINKED)


def change_known(known: Known, row: MappedPerson, place: Place | None, rules: ImportRules) -> Decision:
    """A person whom the source knew already."""
    person, before = row.person, known.person
    if before.status == Status.DELETED:
        return stays_deleted(person)
    if before.closed_by:
        return stays_closed(person)
    org_id = place.org_id if place else known.said.org_id if known.said else before.org_id
    said = _said(person, org_id, _roles(before, row, rules.source))
    status = status_after(before.status, standing_of(before, rules.source, person.external_id), person.standing)
    after = _with_row(before, known.said, said, rules)
    after = _with_status(say(after, rules.source, person.external_id, person.standing), status, rules.at)
    return PersonChange(before, after, person.external_id, said, known.said, outcome_of(before, after))


def stays_deleted(person: IncomingPerson) -> Issue:
    """Nothing brings back who was erased. Reports are kept a while, so they say the line and not who it is about."""
    reason = "the person was deleted here, and stays so; the row was not taken"
    return replace(_issue(person, "sourcedId", "deleted_person", reason, Severity.WARNING), row_id=None)


def stays_closed(person: IncomingPerson) -> Issue:
    """No file brings back who went to another tenant: an administrator restores them, and then sources are heard."""
    reason = (
        "the person was transferred to another tenant and is closed here; the row was not taken: restore them first"
    )
    return _issue(person, "sourcedId", "transferred_person", reason, Severity.WARNING)


def change_absent(known: Known, person: IncomingPerson, rules: ImportRules) -> PersonChange:
    """A person whom a delta set marks `tobedeleted`."""
    after = leave(known.person, rules.source, person.external_id, rules.at)
    outcome = outcome_of(known.person, after)
    return PersonChange(known.person, after, person.external_id, known.said, known.said, outcome)


def _said(person: IncomingPerson, org_id: UUID, roles: frozenset[str]) -> Said:
    return Said(person.user_name, person.display_name, person.email, org_id, roles)


def _with_row(before: Person, said: Said | None, says: Said, rules: ImportRules) -> Person:
    """`before` with what the source says anew, and with the roles that it gives."""
    return replace(
        before,
        user_name=before.user_name if said and said.user_name == says.user_name else says.user_name,
        display_name=before.display_name if said and said.display_name == says.display_name else says.display_name,
        email=before.email if said and said.email == says.email else says.email,
        org_id=before.org_id if said and said.org_id == says.org_id else says.org_id,
        roles=before.roles.from_source(rules.source, says.roles, rules.at),
    )


def _roles(before: Person, row: MappedPerson, source: str) -> frozenset[str]:
    """The roles that the source gives: those of the row, or in a delta set those of before with the row's changes."""
    if not row.person.partial_roles:
        return row.roles
    given = frozenset(grant.role for grant in before.roles.grants if grant.source == source)
    return (given | row.roles) - (row.ended_roles - row.roles)


def _with_status(person: Person, status: str, at: datetime) -> Person:
    return person if status == person.status else replace(person, status=status, status_since=at)


def outcome_of(before: Person, after: Person) -> Outcome:
    """What became of a person who was known before."""
    if before.status in LIVE and after.status == Status.ARCHIVED:
        return Outcome.ARCHIVED
    if before.status == Status.ARCHIVED and after.status in LIVE:
        return Outcome.REACTIVATED
    is_same = before.told == after.told and before.told_in_profile == after.told_in_profile
    return Outcome.UNCHANGED if is_same else Outcome.CHANGED


def _issue(person: IncomingPerson, column: str, code: str, reason: str, severity: Severity = Severity.ERROR) -> Issue:
    return Issue(person.file, person.line, column, code, reason, person.external_id, severity)

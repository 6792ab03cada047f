"""Taking a set's people, a batch in a transaction; and those whom a full set no longer lists."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.import_guard import SHARE, count_heads, find_too_many
from usher_identity.domain.import_jobs import ImportJob
from usher_identity.domain.import_plan import (
    ImportRules,
    KnownPeople,
    Outcome,
    PersonChange,
    SourceLink,
    find_place,
    is_repeated,
    outcome_of,
    plan_person,
)
from usher_identity.domain.import_standing import leave
from usher_identity.domain.import_survey import shared_name_issues
from usher_identity.domain.incoming import Issue
from usher_identity.domain.mapping import MappedPerson, unmapped_issues
from usher_identity.domain.people import Person
from usher_identity.store.organizations import load_organizations, load_parents, lock_trees
from usher_identity.store.people import load_people
from usher_identity.store.sources import (
    Named,
    count_leaving,
    count_people,
    load_known_for_update,
    load_links,
    save_said,
)
from usher_identity.use_cases.recording import Act, record_people


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    changes: list[PersonChange] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    repeated: int = 0
    """How many are as the source said before."""

    @property
    def counts(self) -> Counter[str]:
        counts = Counter(f"people.{change.outcome}" for change in self.changes)
        return counts + Counter({f"people.{Outcome.UNCHANGED}": self.repeated})


async def take_people(
    conn: AsyncConnection,
    job: ImportJob,
    rows: Sequence[MappedPerson],
    rules: ImportRules,
    tenants: Sequence[UUID],
    act: Act,
) -> Taken:
    """Decide on these rows beside whom they may be about, and write what differs, unless it is a dry run."""
    await lock_trees(conn, tenants)
    links = await load_links(conn, tenants, job.source, [row.person.external_id for row in rows])
    repeated, others = part_rows(rows, links, rules)
    known = await load_known_for_update(
        conn,
        tenants,
        [link for row in others for link in links.get(row.person.external_id, ())],
        [row.person.user_name for row in others if row.person.external_id not in links],
    )
    taken = await asyncio.to_thread(plan, repeated, others, known, rules)
    if not job.is_dry_run:
        await record_people(conn, [Change(one.before, one.after) for one in taken.changes], act)
        await save_said(conn, job.source, taken.changes)
    return taken


def part_rows(
    rows: Sequence[MappedPerson], links: Mapping[str, Sequence[SourceLink]], rules: ImportRules
) -> tuple[list[MappedPerson], list[MappedPerson]]:
    """The rows that say what was said before, and those to decide on."""
    repeated: list[MappedPerson] = []
    others: list[MappedPerson] = []
    for row in rows:
        (repeated if is_repeated(row, links.get(row.person.external_id, ()), rules) else others).append(row)
    return repeated, others


def plan(
    repeated: Sequence[MappedPerson], others: Sequence[MappedPerson], known: KnownPeople, rules: ImportRules
) -> Taken:
    """What the rows change, and what is to be said of them."""
    taken = Taken(repeated=len(repeated))
    for row in repeated:
        _, issues = find_place(row, rules.places)
        taken.issues += [*issues, *unmapped_issues(row), *shared_name_issues(row.person, rules.survey)]
    for row in others:
        decisions = plan_person(row, known, rules)
        changes = [one for one in decisions if isinstance(one, PersonChange)]
        taken.changes += changes
        taken.issues += [one for one in decisions if isinstance(one, Issue)]
        if changes:
            taken.issues += [*unmapped_issues(row), *shared_name_issues(row.person, rules.survey)]
    return taken


@dataclass(frozen=True, slots=True)
class Held:
    """Why nobody of a tenant is archived, and how many are spared by that."""

    issue: Issue
    spared: int


async def check_absence(conn: AsyncConnection, job: ImportJob, tenant_id: UUID, gone: Sequence[Named]) -> Held | None:
    """Whether so many of a tenant's people are gone that none of them is archived (seats: A guard on mass loss)."""
    leaving = await count_leaving(conn, tenant_id, job.source, gone)
    heads = count_heads(await load_parents(conn, tenant_id), await count_people(conn, tenant_id), leaving)
    too_many = find_too_many(heads)
    if not too_many:
        return None
    org_id, head = too_many[0]
    name = (await load_organizations(conn, [org_id]))[org_id].name
    reason = (
        f"{head.leaving} of the {head.people} people of {name!r} are not in this full set, more than {SHARE} %:"
        " nobody was archived; check the export, or archive by hand whoever left"
    )
    return Held(Issue("users.csv", None, None, "too_many_absent", reason), sum(leaving.values()))


async def archive_absent(
    conn: AsyncConnection, job: ImportJob, gone: Sequence[Named], tenants: Sequence[UUID], act: Act
) -> Counter[str]:
    """Let go of people whom the source no longer lists, and write that unless it is a dry run."""
    await lock_trees(conn, tenants)
    people = await load_people(conn, {one.person_id for one in gone}, for_update=True)
    after: dict[UUID, Person] = {}
    for one in gone:
        if person := after.get(one.person_id) or people.get(one.person_id):
            after[person.id] = leave(person, job.source, one.external_id, act.at)
    changes = [Change(people[id_], person) for id_, person in after.items()]
    if not job.is_dry_run:
        await record_people(conn, changes, act)
    outcomes = Counter(outcome_of(people[id_], person) for id_, person in after.items())
    del outcomes[Outcome.UNCHANGED]
    return Counter({f"people.{outcome}": count for outcome, count in outcomes.items()})

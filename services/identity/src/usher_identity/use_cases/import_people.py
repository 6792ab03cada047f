"""Taking a set's people, a batch in a transaction; and those whom a full set no longer lists."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.import_losses import let_go, part
from usher_identity.domain.import_plan import (
    ImportRules,
    KnownPeople,
    Outcome,
    PersonChange,
    SourceLink,
    find_place,
    is_repeated,
    plan_person,
)
from usher_identity.domain.import_survey import shared_name_issues
from usher_identity.domain.incoming import Issue
from usher_identity.domain.jobs import Job
from usher_identity.domain.losses import Loss
from usher_identity.domain.mapping import MappedPerson, unmapped_issues
from usher_identity.store.held_changes import stage
from usher_identity.store.organizations import lock_trees
from usher_identity.store.people import load_people
from usher_identity.store.sources import Named, load_known_for_update, load_links, save_said
from usher_identity.use_cases.guarding import Held
from usher_identity.use_cases.recording import Act, record_people


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    changes: list[PersonChange] = field(default_factory=list)
    """What is done at once; of who loses something, the rest of their row."""
    losses: list[Loss] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    repeated: int = 0
    """How many are as the source said before."""

    @property
    def counts(self) -> Counter[str]:
        losing = {loss.person_id for loss in self.losses}
        counts = Counter(f"people.{change.outcome}" for change in self.changes if change.after.id not in losing)
        return counts + Counter({f"people.{Outcome.UNCHANGED}": self.repeated})


async def take_people(
    conn: AsyncConnection,
    job: Job,
    rows: Sequence[MappedPerson],
    rules: ImportRules,
    tenants: Sequence[UUID],
    act: Act,
) -> Taken:
    """Decide on these rows beside whom they may be about; unless it is a dry run, write what differs, and stage what
    people would lose.
    """
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
        await stage(conn, job.id, taken.losses)
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
        changes = [part(one, rules.source) for one in decisions if isinstance(one, PersonChange)]
        taken.changes += [change for change, _ in changes]
        taken.losses += [loss for _, loss in changes if loss]
        taken.issues += [one for one in decisions if isinstance(one, Issue)]
        if changes:
            taken.issues += [*unmapped_issues(row), *shared_name_issues(row.person, rules.survey)]
    return taken


async def let_go_absent(
    conn: AsyncConnection, job: Job, gone: Sequence[Named], tenants: Sequence[UUID], act: Act
) -> list[Loss]:
    """Let go of people whom the source no longer lists where they lose nothing by it; stage what they would lose."""
    await lock_trees(conn, tenants)
    people = await load_people(conn, {one.person_id for one in gone}, for_update=True)
    after, losses = let_go(people, [(one.person_id, one.external_id) for one in gone], job.source, act.at)
    if not job.is_dry_run:
        await record_people(conn, [Change(people[id_], person) for id_, person in after.items()], act)
        await stage(conn, job.id, losses)
    return losses


def held_issue(held: Held) -> Issue:
    """What an import reports of what the guard holds."""
    return Issue("users.csv", None, None, "mass_loss", held.reason)

"""A bulk change before it is made: what would become of each row, and what people would be, with nothing written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.bulk import Row, RowOutcome, RowResult, Taken, Task
from usher_identity.domain.jobs import Job
from usher_identity.domain.losses import gain
from usher_identity.domain.people import Person
from usher_identity.store.jobs import plan_by_values
from usher_identity.use_cases.bulk import plan_tasks, read_rows
from usher_identity.use_cases.guarding import Held, judge
from usher_identity.use_cases.recording import Act

BATCH_ROWS = 5_000
BATCH_PEOPLE = 1_000


@dataclass(slots=True)
class Preview:
    """`people` are those who would differ, as they would be."""

    results: list[RowResult] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


async def preview(conn: AsyncConnection, job: Job, rows: Sequence[Row], tenants: Sequence[UUID], act: Act) -> Preview:
    """What the rows would do now. The transaction sees `tenants`."""
    await plan_by_values(conn)
    shown = Preview()
    tasks: list[Task] = []
    for start in range(0, len(rows), BATCH_ROWS):
        read, results = await read_rows(conn, job, rows[start : start + BATCH_ROWS])
        tasks += read
        shown.results += results
    taken: list[Taken] = []
    for batch in batches(tasks):
        some, missing = await plan_tasks(conn, job, batch, act, for_update=False)
        taken += some
        shown.results += missing
    shown.held = await judge(conn, job, tenants, act, dry=[one.loss for one in taken if one.loss])
    units = {unit for one in shown.held for unit in one.excess.units}
    for one in taken:
        is_held = one.loss is not None and one.loss.org_id in units
        outcome = RowOutcome.HELD if is_held else RowOutcome.DONE
        shown.results += [
            replace(result, outcome=outcome) if result.outcome is RowOutcome.STAGED else result
            for result in one.results
        ]
        person = gain(one.after, one.loss, job.actor, act.at) if is_held and one.loss else one.wanted
        if person.told != one.before.told:
            shown.people.append(person)
    shown.results.sort(key=lambda one: one.number)
    return shown


def batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """All rows of so many people at a time."""
    ordered = sorted(tasks, key=lambda task: (task.person_id, task.number))
    groups = [list(group) for _, group in groupby(ordered, lambda task: task.person_id)]
    for start in range(0, len(groups), BATCH_PEOPLE):
        yield [task for group in groups[start : start + BATCH_PEOPLE] for task in group]

"""Making the demo, step by step; each can be repeated, so that one that was broken off goes on where it was."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from usher_cli.clients.calls import Json, new_trace_id
from usher_cli.clients.session import Session
from usher_cli.demo import accounts, clock
from usher_cli.demo.licenses import license_root
from usher_cli.demo.logins import tell_logins
from usher_cli.demo.record import Record, save
from usher_cli.demo.settling import await_people, await_quiet
from usher_cli.demo.steps import Steps
from usher_cli.failure import Failure
from usher_cli.generate.district import generate_district
from usher_cli.importing import import_set, summary

SEED = 1
SOURCE = "demo"
SAID = {"assigned": "holds a seat of", "waitlisted": "waits for"}


def make(session: Session, home: Path, data: Path | None, people: int, made_of: str, steps: Steps) -> Record:
    """The whole demo, from a set to accounts; the clock stands a year back at first, and at now in the end."""
    file = clock.clock_file(session.environment)
    session.credentials.renew()
    bring_in(session, data or generate(home, people, steps), steps)
    roots, everybody = look_around(session)
    largest = max(roots, key=lambda root: sum(one["tenant_id"] == root for one in everybody))
    staff = accounts.create_staff(session, largest)
    with steps.step("Entitlements knows everybody"):
        await_people(session)
    with steps.step("License terms") as step:
        bought = [term for root in roots for term in license_root(session, root, clock.moved_now(file))]
        step.outcome = ", ".join(f"{seats:,} seats of {product}" for product, seats in bought) or "there already"
        await_people(session)
    with steps.step("A year of logins, told while the clock goes forward") as step:
        step.outcome = f"{tell_logins(session, file, [one['id'] for one in everybody], SEED):,}"
    with steps.step("Everything told everywhere"):
        await_quiet(session)
    with steps.step("Accounts, and one role change to follow"):
        record = finish(session, largest, staff, made_of)
        await_quiet(session)
    save(home, record)
    return record


def generate(home: Path, people: int, steps: Steps) -> Path:
    """The sample district, as exported a year ago."""
    with steps.step("A sample district") as step:
        day = (datetime.now(UTC) - timedelta(days=clock.DAYS_BACK)).date()
        made = generate_district(people, SEED, home / "demo", day)
        step.outcome = f"{made.name}, {made.people:,} people and {made.students:,} students"
    return made.path


def bring_in(session: Session, path: Path, steps: Steps) -> None:
    with steps.step("Import") as step:
        step.outcome = summary(import_set(session, path, source=SOURCE))


def look_around(session: Session) -> tuple[Sequence[str], Sequence[Json]]:
    """The tenants that the import made, and all their people. Raises Failure where it made none."""
    roots = [
        one["id"]
        for one in session.identity.organizations(every=True)["items"]
        if one["parent_id"] is None and any(known["source"] == SOURCE for known in one["external_ids"])
    ]
    if not roots:
        raise Failure("The import made no tenant: the set has no organization without a parent.")
    people = [one for root in roots for one in session.identity.users(every=True, org_id=root)["items"]]
    return roots, people


def finish(session: Session, root: str, staff: Sequence[tuple[str, str]], made_of: str) -> Record:
    """Accounts, examples, and one role change to follow."""
    examples = accounts.pick_examples(session, root)
    named = [(f"{SAID[one.state]} {one.product}", one.user_id) for one in examples]
    opened = accounts.open_accounts(session, [*staff, *named])
    reporter = dict(staff)["reporter"]
    session.identity.set_roles(reporter, ["reporter", "learner"], trace_id := new_trace_id())
    return Record(root, made_of, opened, tuple(examples), trace_id)

"""The setting: three tenants whose licenses are fewer than the people who want them, and acts that faults ask for."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from usher_cli.clients.session import Session

from .books import Books, PersonEntry, TermEntry
from .calling import Caller, Tally
from .lanes import Lane
from .roster import ROLES, SOURCE, display_name, roster, user_name

SEATS: Mapping[str, Sequence[tuple[str, str, int]]] = {
    "North": (("root", "learn", 6), ("root", "observe", 5), ("second", "learn", 2)),
    "South": (("root", "learn", 4), ("root", "observe", 7)),
}
"""Terms of each tenant: of which organization, for what, how many. The second unit of North has a pool of its own."""

LANES = (("north-a", "North"), ("north-b", "North"), ("south-a", "South"), ("south-b", "South"))
"""A tenant's terms belong to the first of its lanes."""

ROSTER_SEATS = (("learn", 50), ("observe", 30))
ROSTER_GROWS = 60
JOB_SECONDS = 90.0
"""How long an import may take, its worker having been killed."""


@dataclass(slots=True)
class Clerk:
    """What faults need done: terms bought and raised, sets imported. `books` are the imported tenant's."""

    caller: Caller
    began: datetime
    name: str
    books: Books = field(default_factory=Books)
    acts: int = 0
    teachers: int = 0
    jobs: list[str] = field(default_factory=list)
    """Imports that were begun."""

    def found_tenant(self) -> None:
        """Import the district for the first time, and buy too few seats for it."""
        self.start_import()
        self.await_imports()
        for product, seats in ROSTER_SEATS:
            self.buy(product, seats)

    def buy(self, product: str, seats: int) -> None:
        """Enter another term of the district."""
        self.acts += 1
        term = TermEntry(self.root, product, seats, self.began + timedelta(days=400, seconds=self.acts))
        enter_term(self.caller, term, self.began, f"chaos-clerk-{self.acts}")
        self.books.terms.append(term)

    def raise_term(self) -> None:
        """Give one more seat."""
        self.acts += 1
        term = self.books.terms[self.acts % len(self.books.terms)]
        path, key = f"/v1/license-terms/{term.id}", f"chaos-clerk-{self.acts}"
        self.caller.write("entitlements", "PATCH", path, key, json={"seats": term.seats + 1})
        term.give(term.seats + 1)

    def start_import(self) -> None:
        """Upload the set with more teachers than last time. What must come of it is in the books at once."""
        self.acts += 1
        self.teachers += ROSTER_GROWS
        answer = self.caller.write(
            *("identity", "POST", "/v1/imports", f"chaos-clerk-{self.acts}"),
            files={"file": (f"set-{self.acts}.zip", roster(self.name, self.teachers), "application/zip")},
            data={"source": SOURCE},
        )
        if answer is None:
            answer = self.caller.read("identity", "/v1/imports")["items"][0]
        self.jobs.append(str(answer["id"]))

    def await_imports(self) -> None:
        """Wait until all imports are done; the tally has those that are not."""
        for job_id in self.jobs:
            deadline = time.monotonic() + JOB_SECONDS
            while (job := self.caller.read("identity", f"/v1/jobs/{job_id}"))["state"] != "done":
                if job["state"] == "failed" or time.monotonic() > deadline:
                    self.caller.tally.fail(f"import {job_id}: {job['state']}, {job['error']}")
                    break
                time.sleep(0.1)
        self.jobs.clear()
        self._enter_teachers()

    @property
    def root(self) -> str:
        return next(org_id for org_id, parent in self.books.parents.items() if parent is None)

    def _enter_teachers(self) -> None:
        if not self.books.parents:
            found = self.caller.read_all("identity", "/v1/organizations", q=self.name)
            self.books.parents = {one["id"]: one["parent_id"] for one in found}
        school = next(org_id for org_id, parent in self.books.parents.items() if parent is not None)
        for number in range(len(self.books.people), self.teachers):
            person = PersonEntry(user_name(number), display_name(number), school, ROLES, acts=0)
            self.books.people[person.user_name] = person


@dataclass(frozen=True, slots=True)
class Setting:
    lanes: Sequence[Lane]
    clerk: Clerk

    def books(self) -> Books:
        """The books of all."""
        whole = Books()
        for part in (*(lane.books for lane in self.lanes), self.clerk.books):
            whole.take_over(part)
        return whole


def make_setting(sessions: Sequence[Session], tally: Tally, seed: int, began: datetime) -> Setting:
    """Make the tenants, undisturbed. `sessions` are one for each lane and one for the clerk."""
    callers = [Caller(session, tally) for session in sessions]
    clerk = Clerk(callers[-1], began, f"Rosters {seed}")
    with ThreadPoolExecutor(len(SEATS) + 1) as threads:
        founded = threads.submit(clerk.found_tenant)
        tenants = dict(zip(SEATS, threads.map(found_tenant, callers, SEATS, [began] * len(SEATS)), strict=True))
        founded.result()
    lanes: list[Lane] = []
    for caller, (name, tenant) in zip(callers, LANES, strict=False):
        books = tenants[tenant]
        is_first = tenant not in [lane.name.partition("-")[0].capitalize() for lane in lanes]
        own = Books(dict(books.parents), terms=books.terms if is_first else [])
        lanes.append(Lane(name, seed, caller, own, began, list(books.parents)))
    return Setting(lanes, clerk)


def found_tenant(caller: Caller, name: str, began: datetime) -> Books:
    """A district with two units, and its terms."""
    books = Books()
    orgs: dict[str, str] = {}
    for unit in ("root", "first", "second"):
        parent = orgs.get("root")
        body = {"name": f"{name} {unit}", "kind": "district", "parent_id": parent}
        answer = caller.write("identity", "POST", "/v1/organizations", f"chaos-{name}-{unit}", json=body)
        assert answer is not None, "nothing is disturbed yet"
        orgs[unit] = str(answer["id"])
        books.parents[orgs[unit]] = parent
    for number, (unit, product, seats) in enumerate(SEATS[name]):
        term = TermEntry(orgs[unit], product, seats, began + timedelta(days=300, seconds=number))
        enter_term(caller, term, began, f"chaos-{name}-term-{number}")
        books.terms.append(term)
    return books


def enter_term(caller: Caller, term: TermEntry, began: datetime, key: str) -> None:
    """Enter a term that runs since yesterday."""
    body = {
        "org_id": term.org_id,
        "product": term.product,
        "seats": term.seats,
        "starts_at": (began - timedelta(days=1)).isoformat(),
        "ends_at": term.ends_at.isoformat(),
    }
    answer = caller.write("entitlements", "POST", "/v1/license-terms", key, until_found=True, json=body)
    if answer is None:
        found = caller.read_all("entitlements", "/v1/license-terms", org_id=term.org_id)
        [answer] = [one for one in found if datetime.fromisoformat(one["ends_at"]) == term.ends_at]
    term.id = str(answer["id"])

"""Lanes of load: each a thread's worth of acts, chosen by the seed alone and answered one after the other.

A lane has people and terms of its own, so that what it chooses and what must come of it depend on nothing that other
lanes, faults or the machine do.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from usher_cli.failure import Failure

from .books import Books, PersonEntry, TermEntry
from .calling import Caller

FIRST_PEOPLE = 3
ROLE_SETS: Sequence[frozenset[str]] = tuple(
    map(
        frozenset,
        (
            {"learner"},
            {"observer"},
            {"observable"},
            {"learner", "observer"},
            {"learner", "observable"},
            {"observer", "observable"},
            {"reporter"},
            set[str](),
        ),
    )
)
BECOMES: Mapping[str, Sequence[str]] = {
    "active": ("suspended", "archived"),
    "suspended": ("active", "active", "archived"),
    "archived": ("active",),
}
WEIGHTS = {"create": 22, "set_roles": 34, "change_status": 18, "move": 8, "rename": 4, "log_in": 10, "license": 4}
LOWERED = 0.2
"""The share of changes of a term that lower it: its pool is over-allocated for a while."""


@dataclass(slots=True)
class Lane:
    """One lane in one tenant: `books` begin with the tenant's organizations and the terms that are this lane's."""

    name: str
    seed: int
    caller: Caller
    books: Books
    began: datetime
    orgs: Sequence[str]
    rng: Random = field(init=False)
    peaks: dict[str, int] = field(default_factory=dict)
    """The most seats that each term ever gave."""
    steps: int = 0
    is_broken: bool = False

    def __post_init__(self) -> None:
        self.rng = Random(f"{self.seed}/{self.name}")
        self.peaks = {str(term.id): term.seats for term in self.books.terms}

    def take(self, steps: int) -> None:
        """Do so many acts. A lane that was refused does no more: its books no longer say what must be."""
        for _ in range(steps):
            if self.is_broken:
                return
            self.steps += 1
            try:
                self.choose()()
            except Failure:
                self.is_broken = True

    def finish(self) -> None:
        """Give every term its most seats again, so that nothing is over-allocated in the end."""
        self.steps += 1
        for term in self.books.terms:
            if not self.is_broken and term.seats < self.peaks[str(term.id)]:
                self.give(term, self.peaks[str(term.id)])

    def choose(self) -> Callable[[], None]:
        """The next act."""
        if len(self.books.people) < FIRST_PEOPLE:
            return self.create
        names = [name for name in WEIGHTS if name != "license" or self.books.terms]
        [name] = self.rng.choices(names, [WEIGHTS[name] for name in names])
        act: Callable[[], None] = getattr(self, name)
        return act

    def create(self) -> None:
        number = len(self.books.people)
        person = PersonEntry(
            f"{self.name}.{number}",
            f"{self.name.capitalize()} {number}",
            self.rng.choice(self.orgs),
            self.rng.choice(ROLE_SETS),
        )
        body = {
            "org_id": person.org_id,
            "user_name": person.user_name,
            "display_name": person.display_name,
            "roles": sorted(person.roles),
        }
        answer = self.caller.write("identity", "POST", "/v1/users", self.key, json=body)
        if answer is None:
            [answer] = self.caller.read("identity", "/v1/users", identifier=person.user_name)["items"]
        person.id = str(answer["id"])
        self.books.people[person.user_name] = person

    def set_roles(self) -> None:
        person, roles = self.somebody(), self.rng.choice(ROLE_SETS)
        self.change("PUT", f"/v1/users/{person.id}/roles", {"roles": sorted(roles)})
        person.set_roles(roles)

    def change_status(self) -> None:
        person = self.somebody()
        status = self.rng.choice(BECOMES[person.status])
        self.change("PATCH", f"/v1/users/{person.id}", {"status": status})
        person.become(status)

    def move(self) -> None:
        person, org_id = self.somebody(), self.rng.choice(self.orgs)
        self.change("PATCH", f"/v1/users/{person.id}", {"org_id": org_id})
        person.move(org_id)

    def rename(self) -> None:
        person = self.somebody()
        name = f"{person.display_name.split(' the ')[0]} the {self.steps}th"
        self.change("PATCH", f"/v1/users/{person.id}", {"display_name": name})
        person.rename(name)

    def log_in(self) -> None:
        people = [self.somebody() for _ in range(self.rng.randint(1, 3))]
        logins = {
            (one.user_name, self.began - timedelta(minutes=self.steps, seconds=n)) for n, one in enumerate(people)
        }
        told = [{"user_id": self.books.people[name].id, "at": at.isoformat()} for name, at in sorted(logins)]
        self.caller.write("identity", "POST", "/v1/logins:bulk", self.key, json={"logins": told})
        self.books.logins |= logins

    def license(self) -> None:
        term = self.rng.choice(self.books.terms)
        lower = self.rng.random() < LOWERED
        self.give(term, max(1, term.seats - self.rng.randint(1, 3)) if lower else term.seats + self.rng.randint(1, 2))

    def give(self, term: TermEntry, seats: int) -> None:
        path = f"/v1/license-terms/{term.id}"
        self.caller.write("entitlements", "PATCH", path, f"{self.key}-{term.id}", json={"seats": seats})
        term.give(seats)
        self.peaks[str(term.id)] = max(self.peaks[str(term.id)], seats)

    def change(self, method: str, path: str, body: Mapping[str, object]) -> None:
        self.caller.write("identity", method, path, self.key, json=body)

    def somebody(self) -> PersonEntry:
        return self.rng.choice(list(self.books.people.values()))

    @property
    def key(self) -> str:
        """The Idempotency-Key of the present act."""
        return f"chaos-{self.name}-{self.steps}"


@dataclass(slots=True)
class Traffic:
    """All lanes at once. The number of acts is set by the caller, so that two runs of a seed do the same ones."""

    lanes: Sequence[Lane]
    _threads: ThreadPoolExecutor = field(init=False)
    _under_way: list[Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(len(self.lanes) + 1, thread_name_prefix="lane")

    def release(self, steps: int) -> None:
        """Have each lane do so many more acts, beside the caller."""
        self._under_way += [self._threads.submit(lane.take, steps) for lane in self.lanes]

    def beside(self, act: Callable[[], None]) -> "Future[None]":
        """Have somebody else's act done on a thread of its own."""
        return self._threads.submit(act)

    def settle(self) -> None:
        """Wait until the acts that were released are answered."""
        for one in self._under_way:
            one.result()
        self._under_way.clear()

    def finish(self) -> None:
        """The lanes' last acts; the threads end."""
        self._under_way = [self._threads.submit(lane.finish) for lane in self.lanes]
        self.settle()
        self._threads.shutdown()

"""One district in the running system: what was acknowledged of it, and what is being done to the system meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol, TypeVar
from uuid import UUID

from hypothesis.strategies import SearchStrategy
from tests.chaos.echoes import Echoes
from tests.chaos.telling import Sent, alone, in_batches, publish

from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import UserLoggedIn
from usher_kit.ids import new_id

from .books import Books, Person, Term
from .stage import Stage

T = TypeVar("T")


class Draw(Protocol):
    """Hypothesis's choice of a value."""

    def __call__(self, strategy: SearchStrategy[T]) -> T: ...


@dataclass(slots=True)
class World:
    """A district on the stage. `kept` is the service that hears of nothing; `away` are processes that are down."""

    stage: Stage
    books: Books
    echoes: Echoes
    began: datetime
    kept: str | None = None
    away: set[str] = field(default_factory=set)
    acts: int = 0

    @classmethod
    def begin(cls, stage: Stage, seed: int) -> "World":
        """Found a district with two units, and fewer seats than people who want them."""
        echoes = Echoes(stage.broker, Random(seed))
        echoes.listen()
        echoes.heard.clear()
        world = cls(stage, Books(""), echoes, stage.now())
        world.books.tenant_id = world.open_unit(None)
        for _ in range(2):
            world.open_unit(world.tenant_id)
        for product, seats in (("learn", 2), ("observe", 1)):
            term = {"seats": seats, "starts_at": world.at_noon(-1), "ends_at": world.at_noon(30), "grace_days": 5}
            world.buy(world.tenant_id, product, term)
        for unit in world.books.parents:
            for role in ("learner", "observer"):
                world.make_person(unit, frozenset({role}))
        return world

    def act(self, service: str, method: str, path: str, body: Mapping[str, Any], *, until_found: bool = False) -> Any:
        """The answer to an act, which is sent until it is answered."""
        self.acts += 1
        key = f"{self.books.tenant_id or new_id()}-{self.acts}"
        answer = self.stage.caller.write(service, method, path, key, until_found=until_found, json=dict(body))
        assert answer is not None, "nothing dies within an act here, so that no answer is lost"
        return answer

    @property
    def now(self) -> datetime:
        return self.stage.now()

    @property
    def tenant_id(self) -> str:
        return self.books.tenant_id

    # Identity

    def open_unit(self, parent_id: str | None) -> str:
        body = {"name": f"Unit {new_id()}", "kind": "district", "parent_id": parent_id}
        unit = str(self.act("identity", "POST", "/v1/organizations", body)["id"])
        self.books.parents[unit] = parent_id
        return unit

    def move_unit(self, org_id: str, parent_id: str) -> None:
        self.act("identity", "PATCH", f"/v1/organizations/{org_id}", {"parent_id": parent_id})
        self.books.parents[org_id] = parent_id

    def make_person(self, org_id: str, roles: frozenset[str]) -> None:
        name = str(new_id())
        body = {"org_id": org_id, "user_name": name, "display_name": name, "roles": sorted(roles)}
        made = Person(str(self.act("identity", "POST", "/v1/users", body)["id"]), org_id, roles)
        self.books.people[made.id] = made

    def set_roles(self, person: Person, roles: frozenset[str]) -> None:
        self.act("identity", "PUT", f"/v1/users/{person.id}/roles", {"roles": sorted(roles)})
        person.roles = roles

    def change_status(self, person: Person, status: str) -> None:
        self.act("identity", "PATCH", f"/v1/users/{person.id}", {"status": status})
        person.status = status

    def move_person(self, person: Person, org_id: str) -> None:
        self.act("identity", "PATCH", f"/v1/users/{person.id}", {"org_id": org_id})
        person.org_id = org_id

    def tell_login(self, person: Person, at: datetime) -> None:
        self.act("identity", "POST", "/v1/logins:bulk", {"logins": [{"user_id": person.id, "at": at.isoformat()}]})
        self.books.logins.add((person.id, at))

    # Entitlements

    def buy(self, org_id: str, product: str, values: Mapping[str, Any]) -> None:
        body = {"org_id": org_id, "product": product, **values}
        found = self.act("entitlements", "POST", "/v1/license-terms", body, until_found=True)
        self.keep_term(found)

    def change_term(self, term: Term, **values: Any) -> None:
        self.keep_term(self.act("entitlements", "PATCH", f"/v1/license-terms/{term.id}", values))

    def keep_term(self, answer: Mapping[str, Any]) -> None:
        """Enter a term as it was answered."""
        term = Term(
            id=str(answer["id"]),
            org_id=str(answer["org_id"]),
            product=str(answer["product"]),
            seats=int(answer["seats"]),
            starts_at=datetime.fromisoformat(answer["starts_at"]),
            ends_at=datetime.fromisoformat(answer["ends_at"]),
            grace_days=int(answer["grace_days"]),
            extra_percent=percent_of(str(answer["overage"])),
        )
        self.books.terms[term.id] = term

    def set_rules(self, rules: Mapping[tuple[str, str], int]) -> None:
        wanted = [{"role": role, "product": product, "priority": rank} for (role, product), rank in rules.items()]
        path = f"/v1/grant-rules?org_id={self.tenant_id}"
        self.act("entitlements", "PUT", path, {"rules": wanted}, until_found=True)
        self.books.rules = frozenset(rules)

    def at_noon(self, days: int) -> str:
        """A time half a day off whole days since the beginning: the clock, which moves by days, is never near it."""
        passed = (self.now - self.began).days
        return (self.began + timedelta(days=passed + days, hours=12)).isoformat()

    # Messages

    def tell_login_fact(self, person: Person, at: datetime, times: int) -> None:
        """A login as its fact alone, told several times, alone and in a batch."""
        fact = UserLoggedIn(
            tenant_id=UUID(self.tenant_id), user_id=UUID(person.id), org_id=UUID(person.org_id), at=at, method="sso"
        )
        event = Event.of(fact, id=new_id(), at=self.now, cause=Cause())
        told = {**event.attributes(), "data": fact.model_dump(mode="json")}
        publish(self.stage.broker, self.mixed([told] * times))
        self.books.logins.add((person.id, at))

    def mixed(self, facts: Sequence[Mapping[str, Any]]) -> Sequence[Sent]:
        return [*map(alone, facts), *in_batches(facts)]

    def keep_from(self, service: str) -> None:
        """From now on the service hears of nothing."""
        asyncio.run(self.echoes.keep_from(service))
        self.kept = service

    def tell_late(self) -> None:
        """Tell the service all that was kept from it, the last first."""
        if self.kept is not None:
            asyncio.run(self.echoes.tell_late(self.kept, patience=0))
            self.kept = None

    # Processes

    def end(self, process: str, *, by_force: bool) -> None:
        """End a process where it is, and leave it down."""
        if by_force:
            self.stage.fleet.kill(process)
        else:
            assert self.stage.fleet.tell_to_stop(process), f"{process} did not stop in time, or not by itself"
        self.away.add(process)

    def bring_back(self, process: str) -> None:
        """Start a process again. What is asked of it meanwhile is asked again until it is ready."""
        self.stage.fleet.start(process)
        self.away.discard(process)

    def restore(self) -> None:
        """Bring everything back: processes, and facts that were kept from a service."""
        for process in sorted(self.away):
            self.bring_back(process)
        self.stage.fleet.await_ready()
        self.tell_late()


def percent_of(overage: str) -> int | None:
    """How many percent more seats a policy gives; None is no limit (seats: Capacity)."""
    return {"block": 0, "allow": None}[overage] if ":" not in overage else int(overage.partition(":")[2])

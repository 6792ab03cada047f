"""One district in the running system: what was acknowledged of it, and what is being done to the system meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any, Protocol, TypeVar
from uuid import UUID

from hypothesis.strategies import SearchStrategy
from tests.chaos.echoes import Echoes
from tests.chaos.points import Charge, Point
from tests.chaos.telling import Sent, alone, in_batches, publish

from usher_cli.clients.calls import RefusedError
from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import UserLoggedIn
from usher_kit.ids import new_id

from .books import Books, Person
from .licenses import Term
from .stage import ANSWERED, Stage

T = TypeVar("T")

PASSAGE_SECONDS = 2.0
"""How long what an act leads to may take to pass a point."""

NOTE = {"note": "by the machine"}
REFUSALS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
"""Answers to what cannot be done in the state that entitlements has come to."""


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
    story: list[str] = field(default_factory=list, repr=False)
    """What was done, for whoever has to find out why it went wrong."""

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
        answer = self.do(service, method, path, body, until_found=until_found)
        assert answer is not None, "nothing dies within such an act, so that no answer is lost"
        return answer

    def do(self, service: str, method: str, path: str, body: Mapping[str, Any], *, until_found: bool = False) -> Any:
        """As `act`; None where it was done, and its answer was lost with the process that did it."""
        self.story.append(f"  {method} {service}{path} {dict(body)}")
        return self.stage.caller.write(service, method, path, self.key(), until_found=until_found, json=dict(body))

    def try_act(self, service: str, method: str, path: str, body: Mapping[str, Any]) -> Any | None:
        """As `act`, of what cannot be done in every state of the system; None where it was refused."""
        known = len(self.stage.tally.failures)
        try:
            return self.act(service, method, path, body)
        except RefusedError as error:
            if error.status not in REFUSALS:
                raise
            del self.stage.tally.failures[known:]
            return None

    def key(self) -> str:
        """The Idempotency-Key of a new act."""
        self.books.acts += 1
        return f"{self.tenant_id or new_id()}-{self.books.acts}"

    @property
    def now(self) -> datetime:
        return self.stage.now()

    @property
    def tenant_id(self) -> str:
        return self.books.tenant_id

    def let_pass(self, days: int) -> None:
        """Move the clock."""
        self.stage.let_pass(days, [service for service in ANSWERED if service not in self.away])

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
        answer = self.act("identity", "POST", "/v1/users", body)
        made = Person(str(answer["id"]), org_id, dict.fromkeys(roles, self.books.acts))
        self.books.people[made.id] = made

    def set_roles(self, person: Person, roles: frozenset[str]) -> None:
        self.do("identity", "PUT", f"/v1/users/{person.id}/roles", {"roles": sorted(roles)})
        self.books.set_roles(person, roles)

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

    def end_term(self, term: Term) -> None:
        self.keep_term(self.act("entitlements", "POST", f"/v1/license-terms/{term.id}:end", {}))

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
            ended_at=datetime.fromisoformat(answer["ended_at"]) if answer["ended_at"] else None,
        )
        self.books.terms[term.id] = term

    def set_rules(self, rules: Mapping[tuple[str, str], int]) -> None:
        wanted = [{"role": role, "product": product, "priority": rank} for (role, product), rank in rules.items()]
        path = f"/v1/grant-rules?org_id={self.tenant_id}"
        self.act("entitlements", "PUT", path, {"rules": wanted}, until_found=True)
        self.books.set_rules(rules)

    def withhold(self, person: Person, product: str) -> None:
        """Take a seat by hand, where it is open by now."""
        if self.try_act("entitlements", "POST", f"/v1/seats/{person.id}/{product}:withhold", NOTE):
            self.books.withhold(person, product)

    def lift(self, person: Person, product: str) -> None:
        """Lift what keeps a person from a seat, where anything does by now."""
        if self.try_act("entitlements", "POST", f"/v1/seats/{person.id}/{product}:lift", NOTE):
            self.books.lift(person, product)

    def lift_reclaims(self) -> None:
        """Give back what was reclaimed for inactivity: nobody's but usage's to foresee."""
        for seat in self.stage.session.entitlements.seats(every=True, org_id=self.tenant_id, state="released")["items"]:
            if seat["blocked_at"] is not None:
                self.act("entitlements", "POST", f"/v1/seats/{seat['user_id']}/{seat['product']}:lift", NOTE)

    def pool_id(self, unit: tuple[str, str]) -> str | None:
        """The id of a pool; none where entitlements does not have it yet."""
        pools = self.stage.caller.read_all("entitlements", "/v1/pools", org_id=self.tenant_id)
        return next((str(one["id"]) for one in pools if (one["org_id"], one["product"]) == unit), None)

    def order_line(self, unit: tuple[str, str]) -> None:
        """Turn a pool's line round."""
        if pool := self.pool_id(unit):
            waiting = self.stage.caller.read_all("entitlements", f"/v1/pools/{pool}/waitlist")
            order = {"user_ids": [one["user_id"] for one in reversed(waiting)]}
            self.try_act("entitlements", "PUT", f"/v1/pools/{pool}/waitlist", {**order, **NOTE})

    def release_excess(self, unit: tuple[str, str], policy: str) -> None:
        """Take the seats beyond a pool's license."""
        if pool := self.pool_id(unit):
            self.try_act("entitlements", "POST", f"/v1/pools/{pool}/excess:release", {"policy": policy, **NOTE})

    # Usage

    def set_policy(self, org_id: str, product: str, window: int, reclaim: int | None) -> None:
        body = {"org_id": org_id, "product": product, "window_days": window, "reclaim_days": reclaim}
        self.act("usage", "PUT", "/v1/policies", body, until_found=True)

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

    def die_at(self, process: str, point: Point, act: Callable[[], None]) -> None:
        """Have a process kill itself where what comes of an act passes that point, if it does; then start it again."""
        fleet = self.stage.fleet
        fleet.arm(process, Charge(point, 1))
        with ThreadPoolExecutor(1) as beside:
            # It may die before it has answered, and is then asked again until it is back.
            acting = beside.submit(act)
            if fleet.await_death(process, PASSAGE_SECONDS):
                assert fleet.died_at_its_point(process), f"{process} died elsewhere than {point}"
                self.bring_back(process)
            else:
                fleet.fuse(process).disarm()
            acting.result()

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

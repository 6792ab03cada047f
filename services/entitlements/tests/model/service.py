"""The service that is driven beside the model: entitlements' use cases on a real database, a transaction each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import HeldRole, OrganizationChanged, UserChanged
from usher_contracts.usage import SeatActivityChanged
from usher_entitlements.consumers import APPLY
from usher_entitlements.domain.grants import DEFAULT_RULES, GrantRule
from usher_entitlements.domain.pools import pool_id
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.configurations import lock_for_change
from usher_entitlements.store.examination import INVARIANTS, find_offenders
from usher_entitlements.store.people import find_person
from usher_entitlements.store.pools import find_pool
from usher_entitlements.store.settlings import find_settling
from usher_entitlements.store.work_lists import pools_with_lists
from usher_entitlements.use_cases.excess import release_excess
from usher_entitlements.use_cases.grant_rules import set_rules
from usher_entitlements.use_cases.license_terms import buy_term, change_term, end_term
from usher_entitlements.use_cases.notices import tell_notices
from usher_entitlements.use_cases.pass_time import catch_up, hold_configurations
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_entitlements.use_cases.seat_acts import lift, reclaim_due, withhold
from usher_entitlements.use_cases.settings import set_notice_days
from usher_entitlements.use_cases.settle_pools import settle_next
from usher_entitlements.use_cases.waitlists import put_first
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id

from .things import Activity, Person, Rule, Term, Unit

T = TypeVar("T")
CAUSE = Cause(actor="user:test")

SEATS = """
    select s.*, p.org_id as pool from seat s left join pool p on p.tenant_id = s.tenant_id and p.id = s.pool_id
    order by s.product, s.state, s.line_order, s.first_in_line desc, s.priority, s.wanted_since, s.user_id
"""
POOLS = "select * from pool"
TERMS = "select id, state from license_term"
PEOPLE = "select id, org_id, status, config_version from person"
TAKE_FACTS = "delete from outbox where tenant_id = :tenant returning id, routing_key, body"


@dataclass(frozen=True)
class Stored:
    """All that the service has of a tenant, and the facts that it has told since the last look."""

    seats: Sequence[Row[Any]]
    """In order of place, product by product and state by state."""
    pools: Sequence[Row[Any]]
    terms: Sequence[Row[Any]]
    people: Sequence[Row[Any]]
    facts: Sequence[tuple[str, dict[str, Any]]]


class Service:
    """Entitlements for one tenant, called plainly: every call runs on the machine's own event loop to its end."""

    def __init__(self, runner: asyncio.Runner, database: Database, tenant: UUID, at: datetime) -> None:
        self.runner, self.database, self.tenant = runner, database, tenant
        self.clock = FixedClock(at)
        self.applier = Applier("entitlements", APPLY, database, self.clock)

    def hear_units(self, units: Sequence[Unit]) -> None:
        self.hear(
            [
                OrganizationChanged(
                    tenant_id=self.tenant, id=u.id, name="Unit", kind="unit", parent_id=u.parent, version=u.version
                )
                for u in units
            ]
        )

    def hear_people(self, people: Sequence[Person]) -> None:
        self.hear(
            [
                UserChanged.model_validate(
                    {
                        "tenant_id": self.tenant,
                        "id": p.id,
                        "org_id": p.org,
                        "status": p.status,
                        "status_since": p.status_since,
                        "roles": [HeldRole.model_validate({"role": r, "since": since}) for r, since in p.roles.items()],
                        "version": p.version,
                    }
                )
                for p in people
            ]
        )

    def hear_activities(self, said: Sequence[Activity]) -> None:
        at = self.clock.now()
        self.hear(
            [
                SeatActivityChanged.model_validate(
                    {
                        "tenant_id": self.tenant,
                        "user_id": one.person,
                        "product": one.product,
                        "org_id": self.tenant,
                        "activity": one.activity,
                        "since": at,
                        "assigned_since": one.assigned_since,
                        "last_login_at": one.login,
                        "reclaim_due": one.reclaim_due,
                        "kept_until": one.kept_until,
                        "version": one.version,
                    }
                )
                for one in said
            ]
        )

    def hear(self, facts: Sequence[Fact]) -> None:
        """Facts arrive, all in one batch."""
        at = self.clock.now()
        events = [Event.of(fact, id=new_id(), at=at, cause=Cause()) for fact in facts]
        self.runner.run(self.applier.run(events, []))

    def set_rules(self, rules: Sequence[Rule]) -> None:
        wanted = [GrantRule(rule.role, rule.product, rule.priority) for rule in rules]
        self.act(lambda conn: set_rules(conn, self.tenant, wanted, self.clock.now(), CAUSE))

    def set_notice_days(self, org: UUID, product: str, days: list[int] | None) -> None:
        self.act(lambda conn: set_notice_days(conn, self.tenant, org, product, days, self.clock.now(), CAUSE))

    def buy(self, term: Term) -> None:
        bought = LicenseTerm(
            self.tenant,
            term.id,
            term.org,
            term.product,
            term.seats,
            term.starts,
            term.ends,
            grace_days=term.grace_days,
            overage=term.overage,
            shrink=term.shrink,
        )
        self.act(lambda conn: buy_term(conn, bought, self.clock.now(), CAUSE))

    def change(self, term_id: UUID, **values: Any) -> None:
        self.act(lambda conn: change_term(conn, term_id, values, None, self.clock.now(), CAUSE))

    def end(self, term_id: UUID) -> None:
        self.act(lambda conn: end_term(conn, term_id, None, self.clock.now(), CAUSE))

    def withhold(self, person: UUID, product: str) -> None:
        self.act_on_seat(withhold, person, product)

    def lift(self, person: UUID, product: str) -> None:
        self.act_on_seat(lift, person, product)

    def act_on_seat(self, do: Callable[..., Awaitable[Any]], person: UUID, product: str) -> None:
        async def act(conn: AsyncConnection) -> None:
            await do(conn, await find_person(conn, person), product, "a note", None, self.clock.now(), CAUSE)

        self.act(act)

    def put_first(self, org: UUID, product: str, people: Sequence[UUID]) -> None:
        async def act(conn: AsyncConnection) -> None:
            pool = await find_pool(conn, pool_id(org, product))
            assert pool is not None
            await put_first(conn, pool, people, None, self.clock.now())

        self.act(act)

    def release_excess(self, org: UUID, product: str, policy: str) -> None:
        async def act(conn: AsyncConnection) -> None:
            pool = await find_pool(conn, pool_id(org, product))
            assert pool is not None
            await release_excess(conn, pool, policy, None, "a note", self.clock.now(), CAUSE)

        self.act(act)

    # Turns of the worker's loops

    def pass_time(self) -> None:
        async def pass_due(conn: AsyncConnection) -> None:
            await catch_up(conn, await lock_for_change(conn, [self.tenant]), self.clock.now(), Cause())

        self.act(pass_due)

    def tell_notices(self) -> None:
        self.act(lambda conn: tell_notices(conn, [self.tenant], self.clock.now()))

    def reclaim(self) -> None:
        self.act(lambda conn: reclaim_due(conn, self.clock.now(), 1_000))

    def settle(self) -> None:
        """Every step that pools have still to make."""

        async def step(conn: AsyncConnection) -> None:
            await hold_configurations(conn, [self.tenant], self.clock.now())
            await settle_next(conn, self.tenant, pools, self.clock.now())

        while pools := [pool for _, pool in self.act(lambda conn: find_settling(conn, 100))]:
            self.act(step)

    def work_off_lists(self, *, most: int = 1_000) -> None:
        """Turns of the loop that decides about people anew, until nobody is left."""
        self.settle()
        while lists := self.lists():
            for pool in lists:
                self.work_off(pool, most)

    def lists(self) -> list[UUID]:
        """The pools for which people are still to be decided about."""
        return [pool for _, pool in self.act(pools_with_lists)]

    def work_off(self, pool: UUID, most: int) -> None:
        self.act(lambda conn: reevaluate(conn, self.tenant, pool, self.clock.now(), most=most))

    def look(self) -> Stored:
        async def read(conn: AsyncConnection) -> Stored:
            queries = (SEATS, POOLS, TERMS, PEOPLE)
            seats, pools, terms, people = [(await conn.execute(text(query))).all() for query in queries]
            told = sorted((await conn.execute(text(TAKE_FACTS), {"tenant": self.tenant})).all())
            facts = [(row.routing_key, orjson.loads(row.body)) for row in told]
            return Stored(seats, pools, terms, people, facts)

        return self.act(read)

    def offenders(self) -> list[str]:
        """What the doctor finds."""
        called = [(rule.role, rule.product) for rule in DEFAULT_RULES]

        async def look(conn: AsyncConnection) -> list[str]:
            return [found for one in INVARIANTS for found in await find_offenders(conn, one, called)]

        return self.act(look)

    def act(self, do: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """One transaction of the tenant."""

        async def in_transaction() -> T:
            async with self.database.transaction([self.tenant]) as conn:
                return await do(conn)

        return self.runner.run(in_transaction())

"""Two tenants on the shared running system, and the documents of its services."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from tests.integration.system import System, Time, eventually

from usher_cli.clients.session import Session, open_session
from usher_cli.demo import clock
from usher_cli.examining.examination import examine

from .books import Books
from .operations import Operation, operations_of
from .tenants import Tenant, fill, leave_dead_letter

SERVICES = ("identity", "entitlements", "usage", "notifications", "reporting")
SENT_SECONDS = 10.0
"""How long what is due may take to be sent."""

HELD_SECONDS = 60.0
"""A notice of what was told last is held for half of it, in case that it is undone."""

BEFORE = timedelta(hours=12)
"""So long ago the tenants are told to have come, so that what waits for a moment before it is sent is due by now."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Two:
    """Two tenants full of data, of whom neither knows of the other."""

    session: Session
    http: httpx2.Client
    system: System
    one: Tenant
    other: Tenant
    books: Books

    def token(self, tenant: Tenant, who: str) -> str:
        return str(self.session.credentials.of_person(tenant.people[who])["access_token"])


@pytest.fixture(scope="session")
def two(system: System) -> Iterator[Two]:
    """The tenants, with nothing on its way any more."""
    with open_session(system.around) as session, httpx2.Client(timeout=30) as http:
        time = Time(clock.clock_file(session.environment), session)
        time.reach(datetime.now(UTC) - BEFORE)
        give_addresses(session)
        one, other = fill(system, session, "Quillonmark"), fill(system, session, "Brackenmark")
        let_pass(session, time, (one, other))
        notifications = session.service("notifications")
        for tenant in (one, other):
            quiet(session, tenant)
            asyncio.run(leave_dead_letter(system, tenant))
        eventually(lambda: len(notifications.get("/v1/dead-letters")["items"]) >= 2)
        yield Two(session, http, system, one, other, Books(system.databases))
        letters = {letter["id"] for letter in notifications.get("/v1/dead-letters")["items"]}
        left = letters & {tenant.things["dead_letter"][0] for tenant in (one, other)}
        if left:
            notifications.post("/v1/dead-letters:discard", {"ids": sorted(left)})


def give_addresses(session: Session) -> None:
    """To system administrators whom other tests left without one: what is for them would wait for it."""
    for person in session.identity.users(every=True, role="system_admin")["items"]:
        if not person["email"]:
            calls = session.identity.calls
            calls.send("PATCH", f"/v1/users/{person['id']}", json={"email": f"{person['id']}@usher.example.org"})


def let_pass(session: Session, time: Time, tenants: Sequence[Tenant]) -> None:
    """Hour after hour while anything is held to be sent later, whenever it came to be known; then it is now again."""
    for hours in range(1, BEFORE // HOUR):
        eventually(lambda: {one.code for one in examine(session) if not one.ok} <= {"dead"}, HELD_SECONDS)
        with suppress(AssertionError):
            eventually(lambda: not any(pending(session, tenant) for tenant in tenants), SENT_SECONDS)
            break
        time.reach(datetime.now(UTC) - BEFORE + hours * HOUR)
    time.reach(datetime.now(UTC))


def pending(session: Session, tenant: Tenant) -> Sequence[Mapping[str, Any]]:
    """What is still to be sent to somebody of the tenant."""
    deliveries = session.service("notifications").get("/v1/deliveries", org_id=tenant.id, status="pending")
    return list(deliveries["items"])


def quiet(session: Session, tenant: Tenant) -> None:
    """Wait until nothing is on its way any more, nor about to be sent to anybody of the tenant."""

    def nothing_pending() -> bool:
        left = pending(session, tenant)
        assert not left, left
        return True

    eventually(nothing_pending, HELD_SECONDS)
    eventually(lambda: {one.code for one in examine(session) if not one.ok} <= {"dead"})


@pytest.fixture(scope="session")
def operations(two: Two) -> Sequence[Operation]:
    """Every operation of every service, from their documents."""
    found: list[Operation] = []
    for service in SERVICES:
        document: Mapping[str, object] = two.http.get(f"{two.session.environment.url(service)}/openapi.json").json()
        found += operations_of(service, document)
    return found

"""Whether the system agrees with what was acknowledged of a district, and its services with each other."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from tests.chaos.observed import CLAIMS, SEATS, ClaimRow, Observed, SeatRow, read_copies
from tests.chaos.verdict import Verdict

from usher_cli.clients.session import Session

from .books import PRODUCTS, Books

OPEN = ("assigned", "waitlisted", "suspended")
NOBODY = str(UUID(int=0))
LOGINS = "select user_id::text, at from login where tenant_id = $1::text::uuid"

Connections = Mapping[str, "asyncpg.Connection[Any]"]


def disagreements(books: Books, session: Session, at: datetime) -> Iterator[str]:
    """What identity and entitlements answer otherwise than the books."""
    yield from judge_people(books, session)
    yield from judge_pools(books, session, at)
    yield from judge_seats(books, session, at)


def judge_people(books: Books, session: Session) -> Iterator[str]:
    found = {one["id"]: one for one in session.identity.users(every=True, org_id=books.tenant_id)["items"]}
    if found.keys() != books.people.keys():
        yield f"there are {len(found)} people, and {len(books.people)} were made"
    for person in books.people.values():
        there = found.get(person.id, {"org_id": None, "status": None, "roles": []})
        is_so = (there["org_id"], there["status"], {one["role"] for one in there["roles"]})
        if is_so != (person.org_id, person.status, {*person.roles}):
            yield f"{person} is {is_so}"


def judge_pools(books: Books, session: Session, at: datetime) -> Iterator[str]:
    pools = session.service("entitlements").listed("/v1/pools", every=True, org_id=books.tenant_id)["items"]
    found = {(one["org_id"], one["product"]): one for one in pools if one["state"] == "open"}
    expected = books.pools(at)
    if found.keys() != expected.keys():
        yield f"there are pools {sorted(found)}, and are to be {sorted(expected)}"
    for unit in found.keys() & expected.keys():
        due, there = expected[unit], found[unit]
        if there["capacity"] != due.capacity:
            yield f"pool {unit} has capacity {there['capacity']}, and was given {due.capacity}"
        figures = there["assigned"], there["waitlisted"], there["suspended"]
        for wrong in due.amiss(*figures, over_allocated=there["over_allocated"]):
            yield f"pool {unit}: {wrong}"


def judge_seats(books: Books, session: Session, at: datetime) -> Iterator[str]:
    """Who wants a product has an open seat of it, and nobody else."""
    seats = session.entitlements.seats(every=True, org_id=books.tenant_id)["items"]
    opened = {(one["user_id"], one["product"]) for one in seats if one["state"] in OPEN}
    for person in books.people.values():
        for product in PRODUCTS:
            wants, has = books.wants(person, product, at), (person.id, product) in opened
            if wants not in (None, has):
                yield f"{person}: wants {product} is {wants}, and the seat is open is {has}"


async def differences(books: Books, ask: Connections) -> list[str]:
    """Where a service's copy is not its owner's, a seat's history not whole, or a login not there once."""
    verdict = Verdict()
    for copy in await read_copies(ask, NOBODY):
        verdict.judge_copy(copy)
    seats = [SeatRow(*row) for row in await ask["entitlements"].fetch(SEATS)]
    claims = [ClaimRow(*row) for row in await ask["reporting"].fetch(CLAIMS)]
    verdict.judge_claims(Observed(seats=seats, claims=claims))
    logins = Counter((row["user_id"], row["at"]) for row in await ask["usage"].fetch(LOGINS, books.tenant_id))
    verdict.judge_logins(books.logins, [*logins.elements()])
    return [*verdict.lost, *verdict.doubled, *verdict.broken]

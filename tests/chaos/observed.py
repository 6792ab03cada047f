"""What is there once all is quiet: every service's rows, the dead letters and the ledger, read behind the services."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import aio_pika
import asyncpg

from usher_contracts.catalogue import LISTENERS
from usher_contracts.envelope import OPERATORS_TENANT
from usher_contracts.topology import dead_queue

from . import ledger
from .ground import OWNERS, Ground
from .ledger import Ledger

MARK = re.compile(rb"poison-[0-9a-f-]{36}")

PERSON = "select tenant_id, id::text as key, org_id::text, status, roles, version from person"
ORGANIZATION = (
    "select tenant_id, id::text as key, parent_id::text, name, kind, status, time_zone, version from organization"
)
TERM = "select tenant_id, id::text as key, org_id::text, product, seats, ends_at, state, version from license_term"
POOL = """select tenant_id, id::text as key, org_id::text, product, capacity, assigned, waitlisted, suspended, version
          from pool"""
SEAT = "select tenant_id, user_id || '/' || product as key, state, version from seat where version > 0"
PROFILE = "select tenant_id, {id}::text as key, display_name, {version} as version from {table}"
ACTIVITY = """select tenant_id, user_id || '/' || product as key, activity, {version} as version
              from {table} where {version} > 0"""
PRODUCT = "select tenant_id, product as key, name, version from product"

COPIES: Sequence[tuple[str, tuple[str, str], Sequence[tuple[str, str]]]] = (
    ("person", ("identity", PERSON), [(copy, PERSON) for copy in OWNERS[1:]]),
    ("organization", ("identity", ORGANIZATION), [(copy, ORGANIZATION) for copy in OWNERS[1:]]),
    (
        "profile",
        ("identity", PROFILE.format(id="id", version="profile_version", table="person")),
        [
            ("notifications", PROFILE.format(id="user_id", version="version", table="profile")),
            ("reporting", PROFILE.format(id="id", version="version", table="profile")),
        ],
    ),
    ("license term", ("entitlements", TERM), [("reporting", TERM)]),
    ("pool", ("entitlements", POOL), [("reporting", POOL)]),
    ("seat", ("entitlements", SEAT), [(copy, SEAT) for copy in OWNERS[2:]]),
    ("product", ("entitlements", PRODUCT), [("reporting", PRODUCT)]),
    (
        "activity",
        ("usage", ACTIVITY.format(version="version", table="seat_activity")),
        [("reporting", ACTIVITY.format(version="activity_version", table="seat"))],
    ),
)
"""What each service owns, and who keeps it: equal rows by key, `version` last."""

PEOPLE = """select id::text, org_id::text, user_name, display_name, status, roles, version, profile_version
            from person where tenant_id <> $1"""
TERMS = "select id::text, org_id::text, product, seats, ends_at, version from license_term"
POOLS = "select org_id::text, product, capacity, assigned, waitlisted from pool"
SEATS = "select user_id::text, product, state, version from seat"
CLAIMS = """select user_id::text, product, version, previous_version, at, pool_id::text, kind, from_state, state
            from claim order by user_id, product, version"""
NOTICES = "select kind, subject, subject_version, recipient::text, status from delivery"
LOGINS = "select user_id::text, at from login"
AUDIT = (
    "select act, target from audit_entry where outcome = 'done' and (act like 'user.%' or act like 'license_term.c%')"
)
OUTBOX = "select count(*) from outbox"


class PersonRow(NamedTuple):
    id: str
    org_id: str
    user_name: str
    display_name: str
    status: str
    roles: Sequence[str]
    version: int
    profile_version: int


class TermRow(NamedTuple):
    id: str
    org_id: str
    product: str
    seats: int
    ends_at: datetime
    version: int


class PoolRow(NamedTuple):
    org_id: str
    product: str
    capacity: int
    assigned: int
    waitlisted: int


class SeatRow(NamedTuple):
    user_id: str
    product: str
    state: str
    version: int


class ClaimRow(NamedTuple):
    user_id: str
    product: str
    version: int
    previous_version: int
    at: datetime
    pool_id: str | None
    kind: str
    from_state: str
    state: str


class NoticeRow(NamedTuple):
    kind: str
    subject: str
    subject_version: int
    recipient: str
    status: str


class Letter(NamedTuple):
    """A dead letter: by which mark it is ours, None where it is not."""

    service: str
    mark: str | None
    reason: str
    detail: str


class Copy(NamedTuple):
    """What one service keeps of another's: rows by key, each with its version last."""

    what: str
    keeper: str
    owned: Mapping[str, tuple[Any, ...]]
    kept: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a run left behind."""

    people: Sequence[PersonRow] = ()
    terms: Sequence[TermRow] = ()
    pools: Sequence[PoolRow] = ()
    seats: Sequence[SeatRow] = ()
    claims: Sequence[ClaimRow] = ()
    notices: Sequence[NoticeRow] = ()
    logins: Sequence[tuple[str, datetime]] = ()
    acts: Sequence[tuple[str, str]] = ()
    """(act, target) of each line of the audit log that tells of a person or of a term's purchase."""
    copies: Sequence[Copy] = ()
    forged: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The people of the forged tenant that each service knows."""
    letters: Sequence[Letter] = ()
    outboxes: Mapping[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: Ledger((), ()))


async def observe(ground: Ground, forged_tenant: str) -> Observed:
    """Read everything. Dead letters are taken out of their queues."""
    ask = {owner: await asyncpg.connect(ground.database(owner)) for owner in OWNERS}
    try:
        logins = [(str(row["user_id"]), row["at"]) for row in await ask["usage"].fetch(LOGINS)]
        return Observed(
            people=[PersonRow(*row) for row in await ask["identity"].fetch(PEOPLE, OPERATORS_TENANT)],
            terms=[TermRow(*row) for row in await ask["entitlements"].fetch(TERMS)],
            pools=[PoolRow(*row) for row in await ask["entitlements"].fetch(POOLS)],
            seats=[SeatRow(*row) for row in await ask["entitlements"].fetch(SEATS)],
            claims=[ClaimRow(*row) for row in await ask["reporting"].fetch(CLAIMS)],
            notices=[NoticeRow(*row) for row in await ask["notifications"].fetch(NOTICES)],
            logins=logins,
            acts=[(row["act"], row["target"]) for row in await ask["reporting"].fetch(AUDIT)],
            copies=await read_copies(ask, forged_tenant),
            forged={owner: await read_forged(ask[owner], forged_tenant) for owner in OWNERS[1:]},
            letters=await take_letters(ground.addresses.rabbitmq_url),
            outboxes=await count_outboxes(ask),
            ledger=await ledger.read(ground.database("entitlements")),
        )
    finally:
        for connection in ask.values():
            await connection.close()


Connections = Mapping[str, "asyncpg.Connection[Any]"]


async def read_copies(ask: Connections, forged_tenant: str) -> list[Copy]:
    """Every copy beside its original, without the forged tenant, which has no owner."""
    found = []
    for what, (owner, owned), keepers in COPIES:
        original = await by_key(ask[owner], owned, forged_tenant)
        found += [Copy(what, name, original, await by_key(ask[name], kept, forged_tenant)) for name, kept in keepers]
    return found


async def by_key(connection: "asyncpg.Connection[Any]", query: str, forged_tenant: str) -> dict[str, tuple[Any, ...]]:
    rows = await connection.fetch(f"select * from ({query}) as every where tenant_id <> $1", forged_tenant)
    return {row["key"]: tuple(row)[2:] for row in rows}


async def read_forged(connection: "asyncpg.Connection[Any]", tenant: str) -> frozenset[str]:
    rows = await connection.fetch("select id::text from person where tenant_id = $1", tenant)
    return frozenset(row["id"] for row in rows)


async def count_outboxes(ask: Connections) -> dict[str, int]:
    """Facts that each service has not published."""
    return {owner: int(await connection.fetchval(OUTBOX)) for owner, connection in ask.items()}


async def outboxes(ground: Ground) -> dict[str, int]:
    """As `count_outboxes`, on connections of its own."""
    ask = {owner: await asyncpg.connect(ground.database(owner)) for owner in OWNERS}
    try:
        return await count_outboxes(ask)
    finally:
        await asyncio.gather(*(connection.close() for connection in ask.values()))


async def take_letters(url: str) -> list[Letter]:
    """All dead letters of all services."""
    letters: list[Letter] = []
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for service in LISTENERS:
            queue = await channel.get_queue(dead_queue(service).name)
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                where = str(message.headers.get("ce-id", "")).encode() + b" " + message.body
                found = MARK.search(where)
                reason = str(message.headers.get("ce-deadreason", "none given"))
                detail = str(message.headers.get("ce-deaddetail", ""))
                letters.append(Letter(service, found.group().decode() if found else None, reason, detail))
    return letters

"""Recording: what was decided is saved with its facts, in the caller's transaction and its database's epoch.

Rules count versions on from the row; nothing is saved or told but through here, where the count becomes a version.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatEvidence
from usher_contracts.envelope import Cause, Event, trace_id_of
from usher_entitlements.domain.grants import RuleRow
from usher_entitlements.domain.license_requests import LicenseRequest
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Claim, Seat, SeatChange
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.configurations import save_rule_rows
from usher_entitlements.store.license_requests import add_request, save_request
from usher_entitlements.store.pools import save_pools
from usher_entitlements.store.promotions import count_promotions
from usher_entitlements.store.seats import save_seats
from usher_entitlements.store.terms import save_terms
from usher_entitlements.use_cases.messages import (
    pool_message,
    request_message,
    rule_message,
    seat_evidence,
    seat_message,
    term_message,
)
from usher_kit import outbox
from usher_kit.versions import epoch_of, in_epoch

PART = 5_000
"""Changes of seats in one statement, at most."""

CauseOf = Callable[[SeatChange], Cause]
"""What led to a seat's change."""


async def record_seats(
    conn: AsyncConnection,
    changes: Sequence[SeatChange],
    pools: Mapping[UUID, Pool],
    cause_of: CauseOf,
    notes: Mapping[UUID, str] | None = None,
) -> None:
    """Save the last version of each seat, and tell every version. `pools` are those after the decision."""
    numbered = number_seats(changes, epoch_of(conn))
    # In parts, so that the end of a large district's license fits in memory and in the server's limits.
    for start in range(0, len(numbered), PART):
        await record_part(conn, numbered[start : start + PART], pools, cause_of, notes or {})
    promoted = Counter((c.seat.tenant_id, c.seat.pool_id, c.seat.since) for c in changes if c.claim is Claim.PROMOTED)
    await count_promotions(conn, promoted)


def number_seats(changes: Sequence[SeatChange], epoch: int) -> Sequence[SeatChange]:
    """The changes at versions of `epoch`: a seat's first follows the version that its row has, of whichever epoch."""
    last: dict[tuple[UUID, str], int] = {}
    numbered: list[SeatChange] = []
    for change in changes:
        key = (change.seat.user_id, change.seat.product)
        version = in_epoch(change.seat.version, epoch)
        if version != change.seat.version:
            seat = replace(change.seat, version=version)
            change = replace(change, seat=seat, from_version=last.get(key, change.from_version))  # noqa: PLW2901
            last[key] = version
        numbered.append(change)
    return numbered


async def record_part(
    conn: AsyncConnection,
    changes: Sequence[SeatChange],
    pools: Mapping[UUID, Pool],
    cause_of: CauseOf,
    notes: Mapping[UUID, str],
) -> None:
    """Save and tell one part of a transaction's changes."""
    saved: dict[tuple[UUID, str], tuple[Seat, str]] = {}
    told: list[Event[Any]] = []
    # Seats of one pool that one role calls for rest on the same evidence: a few for a batch of any size.
    known: dict[tuple[UUID, str | None, str | None], tuple[SeatEvidence, str]] = {}
    for change in changes:
        seat, cause = change.seat, cause_of(change)
        shared = (seat.pool_id, seat.role, notes.get(seat.user_id))
        if shared not in known:
            evidence = seat_evidence(seat, pools.get(seat.pool_id), notes.get(seat.user_id))
            known[shared] = (evidence, evidence.model_dump_json())
        evidence, as_json = known[shared]
        saved[seat.user_id, seat.product] = (seat, to_evidence(as_json, cause))
        told.append(seat_message(change, evidence, cause))
    await save_seats(conn, saved)
    await outbox.add(conn, told)


async def record_pools(
    conn: AsyncConnection,
    before: Mapping[UUID, Pool],
    after: Iterable[Pool],
    at: datetime,
    causes: Mapping[UUID, Cause],
    otherwise: Cause,
) -> None:
    """Save and tell the pools that are not as they were, once each, at their next version."""
    epoch = epoch_of(conn)
    changed = [
        (pool.version, replace(pool, version=in_epoch(pool.version + 1, epoch), as_of=pool.moment(at)))
        for pool in after
        if before.get(pool.id) != pool
    ]
    await save_pools(conn, [pool for _, pool in changed], new=[pool.id for _, pool in changed if pool.id not in before])
    events: list[Event[Any]] = [pool_message(pool, was, causes.get(pool.id, otherwise)) for was, pool in changed]
    await outbox.add(conn, events)


async def record_terms(
    conn: AsyncConnection,
    before: Sequence[LicenseTerm | None],
    after: Sequence[LicenseTerm],
    at: datetime,
    cause: Cause,
) -> list[LicenseTerm]:
    """Save and tell the terms that are not as they were, at their next version. Answers all of them as they are now."""
    epoch = epoch_of(conn)
    told: list[tuple[int, LicenseTerm]] = []
    now: list[LicenseTerm] = []
    for was, term in zip(before, after, strict=True):
        if term is was:
            now.append(term)
            continue
        last = was.version if was else 0
        now.append(replace(term, version=in_epoch(last + 1, epoch)))
        told.append((last, now[-1]))
    await save_terms(conn, [term for _, term in told])
    await outbox.add(conn, [term_message(term, last, at, cause) for last, term in told])
    return now


async def record_rules(
    conn: AsyncConnection, tenant_id: UUID, revised: Sequence[RuleRow], at: datetime, cause: Cause
) -> None:
    """Save and tell the rows of a tenant's rules that were revised."""
    epoch = epoch_of(conn)
    rows = [(row.version - 1, replace(row, version=in_epoch(row.version, epoch))) for row in revised]
    await save_rule_rows(conn, tenant_id, [row for _, row in rows])
    await outbox.add(conn, [rule_message(tenant_id, row, last, at, cause) for last, row in rows])


async def record_new_request(
    conn: AsyncConnection, request: LicenseRequest, at: datetime, cause: Cause
) -> LicenseRequest | None:
    """Save and tell a new license request. Answers None where the organization has an open one by now."""
    request = replace(request, version=in_epoch(request.version, epoch_of(conn)))
    if not await add_request(conn, request):
        return None
    await outbox.add(conn, [request_message(request, 0, at, cause)])
    return request


async def record_request(
    conn: AsyncConnection, before: LicenseRequest, after: LicenseRequest, at: datetime, cause: Cause
) -> LicenseRequest:
    """Save and tell a locked license request where it is not as it was. Answers it as it is now."""
    if after is before:
        return before
    request = replace(after, version=in_epoch(after.version, epoch_of(conn)))
    await save_request(conn, request)
    await outbox.add(conn, [request_message(request, before.version, at, cause)])
    return request


def causes_by_pool(changes: Iterable[SeatChange], cause_of: CauseOf) -> Mapping[UUID, Cause]:
    """For each pool, what led to the first change of its seats."""
    causes: dict[UUID, Cause] = {}
    for change in changes:
        causes.setdefault(change.seat.pool_id, cause_of(change))
    return causes


def to_evidence(evidence: str, cause: Cause) -> str:
    """What a seat's row keeps of a decision, as JSON: its `evidence`, the message that led to it, and its trace."""
    led = {
        "message_id": cause.causationid,
        "trace_id": trace_id_of(cause.traceparent),
        "actor": cause.actor,
    }
    return f"{evidence[:-1]},{orjson.dumps(led)[1:].decode()}"

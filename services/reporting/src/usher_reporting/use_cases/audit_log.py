"""The audit log: acts are appended once a batch, each exactly once, and its end is signed (seats: Invariants, I7)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.audit import AuditRecorded
from usher_contracts.envelope import Event
from usher_kit.audit_log.chain import Appended, Statement, append, state
from usher_kit.audit_log.checkpoints import Signer
from usher_kit.audit_log.documents import to_document
from usher_kit.consuming import InvalidFact
from usher_reporting.store.audit_log import End, add_appended, add_checkpoints, load_ends, load_known_events
from usher_reporting.store.timeline import lock_tenants


@dataclass(frozen=True, slots=True)
class AppendActs:
    """The use case that appends; without a signer it makes no checkpoints."""

    signer: Signer | None
    signed_every: int
    """Batches from one checkpoint to the next."""

    async def __call__(self, conn: AsyncConnection, events: Sequence[Event[AuditRecorded]], at: datetime) -> int:
        """Append acts that are not in the log yet, in their order of arrival: one batch a tenant."""
        await lock_tenants(conn, at)
        fresh = only_new(events, await load_known_events(conn, [(one.tenantid, one.id) for one in events]))
        ends = await load_ends(conn, list(fresh))
        appended = [append(ends[tenant].head, documents_of(acts), at) for tenant, acts in fresh.items()]
        await add_appended(conn, appended)
        await self._sign(conn, ends, appended, at)
        return sum(len(acts) for acts in fresh.values())

    async def _sign(
        self, conn: AsyncConnection, ends: dict[UUID, End], appended: Iterable[Appended], at: datetime
    ) -> None:
        due = [
            state(one.head, ends[one.head.tenant_id].checkpoints + 1, at)
            for one in appended
            if one.head.batches - ends[one.head.tenant_id].signed_batches >= self.signed_every
        ]
        if self.signer is not None:
            await sign(conn, self.signer, due)


def only_new(
    events: Iterable[Event[AuditRecorded]], known: set[tuple[UUID, str]]
) -> dict[UUID, list[Event[AuditRecorded]]]:
    """By tenant, the events that are not `known`, each once, in the order in which they came."""
    fresh: dict[UUID, list[Event[AuditRecorded]]] = defaultdict(list)
    seen = set(known)
    for event in events:
        if (key := (event.tenantid, event.id)) not in seen:
            seen.add(key)
            fresh[event.tenantid].append(event)
    return fresh


def documents_of(events: Iterable[Event[AuditRecorded]]) -> list[str]:
    """The texts that the log keeps. Raises InvalidFact for an act that has no canonical form."""
    return [document_of(event) for event in events]


def document_of(event: Event[AuditRecorded]) -> str:
    try:
        return to_document(event)
    except ValueError as error:
        raise InvalidFact(event, f"it has no canonical form: {error}") from error


async def sign(conn: AsyncConnection, signer: Signer, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Write checkpoints that state this. Needs the tenants' lock. Returns them as they are stored."""
    rows = [to_row(statement, signer.sign(statement)) for statement in statements]
    await add_checkpoints(conn, rows)
    return rows


async def sign_ends(
    conn: AsyncConnection, signer: Signer, tenants: Sequence[UUID], at: datetime
) -> list[dict[str, Any]]:
    """Sign the logs whose end no checkpoint covers yet. Returns the new checkpoints."""
    await lock_tenants(conn, at)
    ends = (await load_ends(conn, tenants)).values()
    due = [state(one.head, one.checkpoints + 1, at) for one in ends if one.head.batches > one.signed_batches]
    return await sign(conn, signer, due)


def to_row(statement: Statement, signed: str) -> dict[str, Any]:
    return {
        "tenant_id": statement.tenant_id,
        "number": statement.number,
        "entries": statement.entries,
        "batches": statement.batches,
        "at": statement.at,
        "signed": signed,
    }

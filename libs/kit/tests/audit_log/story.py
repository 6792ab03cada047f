"""What tests of the audit log tell stories with: acts, and a log of them as it is stored."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from usher_contracts.audit import IdentityAuditRecorded
from usher_contracts.envelope import Cause, Event
from usher_kit.audit_log.chain import Batch, Statement, append, start, state
from usher_kit.audit_log.documents import listed, to_document
from usher_kit.audit_log.verification import Checkpoint, Finding, Line, verify
from usher_kit.ids import new_id

DAY = datetime(2026, 9, 1, 12, tzinfo=UTC)
TENANT, OTHER = UUID(int=1), UUID(int=2)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


def act(target: str = "user-1", **changes: object) -> Event[IdentityAuditRecorded]:
    """An act of an administrator's."""
    fact = IdentityAuditRecorded.model_validate(
        {"tenant_id": TENANT, "id": new_id(), "at": DAY, "act": "user.set_roles", "target": target} | changes
    )
    return Event.of(fact, id=fact.id, at=DAY, cause=Cause(actor="user:7", traceparent=TRACE))


@dataclass
class Log:
    """A tenant's log as it is stored: signed after each batch."""

    tenant_id: UUID = TENANT
    lines: list[Line] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._head = start(self.tenant_id)

    def hear(self, *events: Event[IdentityAuditRecorded]) -> None:
        """Append a batch."""
        at = DAY + timedelta(minutes=len(self.batches))
        appended = append(self._head, [to_document(event) for event in events], at)
        self.lines += [Line(one.position, one.document, one.hash, listed(one.document)) for one in appended.entries]
        self.batches.append(appended.batch)
        self._head = appended.head
        self.statements.append(state(self._head, len(self.statements) + 1, at))

    def kept(self) -> list[Checkpoint]:
        """The checkpoints so far, as somebody keeps them elsewhere."""
        return [Checkpoint(one, f"kept.jsonl, line {one.number}", is_stored=False) for one in self.statements]

    def verify(self, kept: list[Checkpoint] | None = None) -> list[Finding]:
        stored = [Checkpoint(one, f"checkpoint {one.number}", is_stored=True) for one in self.statements]
        return verify(self.tenant_id, self.lines, self.batches, [*stored, *(kept or [])], signed_every=1)

    def found(self, kept: list[Checkpoint] | None = None) -> set[tuple[str, str]]:
        """What verification finds, and where."""
        return {(one.code, one.place) for one in self.verify(kept)}


def log_of(*sizes: int, tenant_id: UUID = TENANT) -> Log:
    """A log of batches of these sizes."""
    log = Log(tenant_id)
    for number, size in enumerate(sizes):
        log.hear(*(act(f"user-{number}-{place}") for place in range(size)))
    return log

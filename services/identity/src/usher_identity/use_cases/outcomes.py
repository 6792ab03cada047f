"""What became of commands, told to the upstream that sent them and to nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import source_of
from usher_contracts.topology import OUTCOMES, outcome_queue
from usher_contracts.upstream import Outcome, OutcomeStatus, SentCommand
from usher_kit import outbox
from usher_kit.ids import new_id
from usher_kit.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one command."""

    command: SentCommand
    status: OutcomeStatus
    detail: str = ""
    unmapped: tuple[str, ...] = ()
    user_id: UUID | None = None
    user_version: int | None = None
    held_in: UUID | None = None
    """The change set that waits for an administrator."""


def refuse(command: SentCommand, detail: str) -> Answer:
    return Answer(command, "refused", detail)


async def tell(conn: AsyncConnection, answers: Sequence[Answer], at: datetime) -> None:
    """Tell them in the caller's transaction."""
    await outbox.add_rows(conn, [to_row(answer, at) for answer in answers])


def to_row(answer: Answer, at: datetime) -> OutboxRow:
    command = answer.command
    outcome = Outcome(
        command_id=command.id,
        status=answer.status,
        detail=answer.detail,
        unmapped_roles=answer.unmapped,
        user_id=answer.user_id,
        user_version=answer.user_version,
    )
    sent = SentCommand(
        id=str(new_id()),
        source=source_of("usher.identity"),
        type=Outcome.type,
        subject=command.id,
        time=at,
        tenantid=command.tenantid,
        causationid=command.id,
        correlationid=command.correlationid or command.id,
        traceparent=command.traceparent,
        upstream=command.upstream,
        data=outcome,
    )
    [key] = outcome_queue(command.tenantid, command.upstream).bindings
    attributes = orjson.dumps(sent.attributes()).decode()
    return OutboxRow(command.tenantid, OUTCOMES, key, attributes, outcome.model_dump_json())

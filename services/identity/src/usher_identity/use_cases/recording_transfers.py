"""Recording transfers: versions raised, rows saved, facts told and acts written down, each tenant's own by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import SYSTEM_ACTOR
from usher_contracts.identity import TransferChanged
from usher_identity.domain.changes import Change
from usher_identity.domain.transfers import Transfer
from usher_identity.domain.versions import raised
from usher_identity.store.transfers import save_transfers
from usher_identity.use_cases.recording import Act, to_event
from usher_kit import audit, outbox
from usher_kit.versions import epoch_of


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does something to a transfer, and from where."""

    act: Act
    home: UUID | None
    """The tenant whose person does it; None for a system administrator, whom every tenant may see at work."""
    address: str | None = None

    @property
    def actor(self) -> str:
        return self.act.cause.actor

    def names_itself_to(self, tenant_id: UUID) -> bool:
        return self.home in (None, tenant_id)

    def in_tenant(self, tenant_id: UUID) -> Act:
        """The act as one tenant is told of it: another tenant's person is named to it as the system."""
        if self.names_itself_to(tenant_id):
            return self.act
        return replace(self.act, cause=self.act.cause.model_copy(update={"actor": SYSTEM_ACTOR}))


async def write_down(conn: AsyncConnection, acts: Sequence[audit.Act], doing: Doing) -> None:
    """Write down what was done, in its transaction, each tenant's as it is told of it."""
    for one in acts:
        act = doing.in_tenant(one.tenant_id)
        address = doing.address if doing.names_itself_to(one.tenant_id) else None
        await audit.record(conn, "identity", [one], at=act.at, cause=act.cause, address=address)


async def record_transfers(
    conn: AsyncConnection, name: str, changes: Sequence[Change[Transfer]], doing: Doing
) -> list[Transfer]:
    """Save transfers, tell what became of them, and write down the act of this name. Returns all, with versions.

    The transaction is open for their tenants, and holds the locks that the changes were decided under.
    """
    epoch = epoch_of(conn)
    done = [
        Change(one.before, replace(one.after, version=raised(one.before.version if one.before else 0, epoch)))
        for one in changes
    ]
    await save_transfers(conn, [one.after for one in done])
    await outbox.add(conn, [to_event(transfer_changed(one), doing.in_tenant(one.after.tenant_id)) for one in done])
    await write_down(conn, [about_transfer(name, one) for one in done], doing)
    return [one.after for one in done]


def transfer_changed(change: Change[Transfer]) -> TransferChanged:
    one = change.after
    return TransferChanged.model_validate(
        {
            "tenant_id": one.tenant_id,
            "id": one.id,
            "direction": one.direction,
            "status": one.state,
            "user_id": one.user_id,
            "from_org_id": one.from_org_id,
            "to_org_id": one.to_org_id,
            "asked_org_id": one.organization(one.asked_side),
            "decides_org_id": one.organization(one.deciding_side),
            "version": one.version,
            "previous_version": change.before.version if change.before else 0,
        }
    )


def about_transfer(name: str, change: Change[Transfer]) -> audit.Act:
    one = change.after
    org_id = one.organization(one.deciding_side) or one.organization(one.asked_side)
    note = one.note if change.before is None else one.answer
    return audit.Act(
        name, str(one.id), one.tenant_id, org_id, transfer_state(change.before), transfer_state(one), reason=note
    )


def transfer_state(transfer: Transfer | None) -> dict[str, JsonValue] | None:
    """A transfer by ids alone."""
    if transfer is None:
        return None
    return {
        "state": str(transfer.state),
        "user_id": str(transfer.user_id) if transfer.user_id else None,
        "from_org_id": str(transfer.from_org_id) if transfer.from_org_id else None,
        "to_org_id": str(transfer.to_org_id),
        "asked_by": transfer.asked_by,
        "version": transfer.version,
    }

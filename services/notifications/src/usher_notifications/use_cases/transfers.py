"""Transfers: told to who decides when asked, and to who asked when answered (seats: Transfer)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.identity import TransferChanged
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import useful_until
from usher_notifications.store.people import find_administrators, find_operators
from usher_notifications.store.transfers import claim_transfers, keep_versions
from usher_notifications.use_cases.deliveries import about, make_deliveries

AT_ONCE = 100
KINDS = {"asked": Kind.TRANSFER_ASKED, "approved": Kind.TRANSFER_ANSWER, "rejected": Kind.TRANSFER_ANSWER}
"""What each state of a transfer is told as; one that was withdrawn or has lapsed is not."""


async def keep_transfers(
    conn: AsyncConnection,
    events: Sequence[Event[TransferChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Keep transfers; addressing them is time's work, which sees the operators too."""
    return await keep_versions(conn, latest(events))


async def address_transfers(conn: AsyncConnection, at: datetime) -> int:
    """Make the deliveries of what was asked and answered, each version once. Answers of how many transfers.

    Told are the administrators of the organization that decides, or that asked, and of those above it, each side by its
    own tenant's fact. Where nobody can decide, the system administrators are told; the transaction must see them.
    """
    transfers = await claim_transfers(conn, at, AT_ONCE)
    told = [(one, kind, org) for one in transfers if (kind := KINDS.get(one.status)) and (org := concerned(one, kind))]
    if told:
        by_org = await find_administrators(conn, [org for _, _, org in told])
        operators = await find_operators(conn)
        deliveries = [
            about(one, kind, one.version, org, (each.tenant_id, each.id), at)
            for one, kind, org in told
            if at < useful_until(kind, one.told_at)
            for each in by_org.get(org, operators if kind is Kind.TRANSFER_ASKED else ())
        ]
        await make_deliveries(conn, deliveries, at)
    return len(transfers)


def concerned(transfer: Row[Any], kind: Kind) -> UUID | None:
    """The organization whose administrators are told; None where that is another tenant's."""
    org: UUID | None = transfer.decides_org_id if kind is Kind.TRANSFER_ASKED else transfer.asked_org_id
    return org

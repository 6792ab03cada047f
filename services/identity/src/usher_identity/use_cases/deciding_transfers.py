"""Deciding on transfers that were asked for, and letting those lapse that were overtaken."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.people import Person
from usher_identity.domain.transfers import (
    BECOMES,
    Direction,
    Sides,
    Transfer,
    TransferState,
    Verdict,
    check_still_stands,
    check_verdict,
)
from usher_identity.store.organizations import load_organizations, lock_trees
from usher_identity.store.people import load_people
from usher_identity.store.transfers import find_overtaken, load_transfers_for_update
from usher_identity.use_cases.recording import Expect, expect_any
from usher_identity.use_cases.recording_transfers import Doing, record_transfers
from usher_identity.use_cases.transfers import carry_over, end, move_person

LAPSED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Decision:
    """What an administrator says to a transfer. `roles` and `user_name` are what a tenant gives who comes into it."""

    verdict: Verdict
    note: str | None = None
    roles: frozenset[str] | None = None
    user_name: str | None = None

    def applied_to(self, transfer: Transfer) -> Transfer:
        """The transfer with what the tenant gives who comes into it, which is no business of the other's."""
        if transfer.direction != Direction.IN:
            return transfer
        card = transfer.card
        if card is not None and self.user_name:
            card = replace(card, user_name=self.user_name)
        roles = transfer.roles if self.roles is None else tuple(sorted(self.roles))
        return replace(transfer, card=card, roles=roles)


async def decide_on(
    conn: AsyncConnection, seen: Transfer, decision: Decision, sides: Sides, doing: Doing, expect: Expect[Transfer]
) -> None:
    """Approve, reject or withdraw a transfer that was seen; approved, it is done in the same transaction.

    The transaction is open for both tenants where there are two. Raises NotAllowed for the wrong side, AlreadyTaken for
    a transfer that was decided before or has lapsed, and for a user name that is taken in the other tenant.
    """
    await lock_trees(conn, {seen.tenant_id, *([seen.peer.tenant_id] if seen.peer else [])})
    rows = await load_transfers_for_update(conn, [seen.id, *([seen.peer.id] if seen.peer else [])])
    expect(rows[seen.id])
    check_verdict(rows[seen.id], decision.verdict, sides)
    if decision.verdict is Verdict.APPROVE:
        await approve(conn, [decision.applied_to(one) for one in rows.values()], rows, decision, doing)
        return
    state = BECOMES[decision.verdict]
    ended = [Change(one, end(one, state, decision.note, doing)) for one in rows.values()]
    await record_transfers(conn, f"transfer.{decision.verdict}", ended, doing)


async def approve(
    conn: AsyncConnection, wanted: list[Transfer], before: dict[UUID, Transfer], decision: Decision, doing: Doing
) -> None:
    """Do a transfer that both sides agree on. Raises AlreadyTaken where it has lapsed."""
    changes = {one.direction: Change(before[one.id], one) for one in wanted}
    source = changes.get(Direction.WITHIN) or changes[Direction.OUT]
    person = await stands_for(conn, source.after)
    name = f"transfer.{decision.verdict}"
    if source.after.direction == Direction.WITHIN:
        await move_person(conn, person, source.after.to_org_id, doing, expect_any)
        ended = Change(source.before, end(source.after, TransferState.APPROVED, decision.note, doing))
        await record_transfers(conn, name, [ended], doing)
    else:
        await carry_over(conn, name, [source, changes[Direction.IN]], person, decision.note, doing)


async def stands_for(conn: AsyncConnection, transfer: Transfer) -> Person:
    """The person of a transfer, locked. Raises AlreadyTaken where it has lapsed."""
    people = await load_people(conn, [transfer.user_id] if transfer.user_id else [], for_update=True)
    person = next(iter(people.values()), None)
    orgs = await load_organizations(
        conn, [transfer.to_org_id, *([transfer.from_org_id] if transfer.from_org_id else [])]
    )
    check_still_stands(transfer, person, [one.id for one in orgs.values() if one.status == "active"])
    assert person is not None  # noqa: S101 (checked just now)
    return person


async def lapse_overtaken(conn: AsyncConnection, doing: Doing) -> bool:
    """Let transfers lapse that can be no more, of all tenants. Answers whether there were any."""
    overtaken = await load_transfers_for_update(conn, await find_overtaken(conn, LAPSED_AT_ONCE))
    lapsing = [one for one in overtaken.values() if one.state == TransferState.ASKED]
    ended = [Change(one, end(one, TransferState.LAPSED, None, doing)) for one in lapsing]
    await record_transfers(conn, "transfer.lapse", ended, doing)
    return bool(ended)

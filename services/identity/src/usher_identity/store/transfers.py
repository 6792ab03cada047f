"""Statements on transfers: saved, locked for a decision, listed with the names that go with them, and lapsed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.transfers import Card, Peer, Transfer

COLUMNS = """
    tenant_id, id, direction, state, user_id, from_org_id, to_org_id, roles, user_name, display_name, email, from_name,
    note, asked_side, asked_by, asked_at, decided_by, decided_at, answer, peer_tenant_id, peer_id, version
"""
SAVE = text(f"""
    insert into transfer ({COLUMNS})
    values (:tenant_id, :id, :direction, :state, :user_id, :from_org_id, :to_org_id, cast(:roles as text[]), :user_name,
        :display_name, :email, :from_name, :note, :asked_side, :asked_by, :asked_at, :decided_by, :decided_at, :answer,
        :peer_tenant_id, :peer_id, :version)
    on conflict (tenant_id, id) do update
    set (state, user_id, roles, user_name, display_name, email, from_name, decided_by, decided_at, answer, version)
        = (excluded.state, excluded.user_id, excluded.roles, excluded.user_name, excluded.display_name, excluded.email,
        excluded.from_name, excluded.decided_by, excluded.decided_at, excluded.answer, excluded.version)
""")
LOAD_FOR_UPDATE = text(f"""
    select {COLUMNS} from transfer where id = any(cast(:ids as uuid[])) order by id for update
""")
OPEN = text("""
    select id from transfer
    where tenant_id = :tenant and user_id = :user and state = 'asked' and direction <> 'in'
""")
SHOW = """
    select t.*, p.user_name as known_user_name, p.display_name as known_display_name, p.email as known_email,
        p.roles as known_roles, f.name as known_from_name, o.name as known_to_name
    from transfer t
    left join person p on (p.tenant_id, p.id) = (t.tenant_id, t.user_id)
    left join organization f on (f.tenant_id, f.id) = (t.tenant_id, t.from_org_id)
    left join organization o on (o.tenant_id, o.id) = (t.tenant_id, t.to_org_id)
"""
FIND = text(f"{SHOW} where t.id = :id")
LIST = text(f"""
    {SHOW}
    where t.tenant_id = any(cast(:tenants as uuid[])) and (cast(:state as text) is null or t.state = :state)
        and (cast(:units as uuid[]) is null or t.from_org_id = any(cast(:units as uuid[]))
            or t.to_org_id = any(cast(:units as uuid[])))
        and (cast(:before as uuid) is null or t.id < cast(:before as uuid))
        and (cast(:units as uuid[]) is not null or t.direction <> 'in')
    order by t.id desc limit :limit
""")
OVERTAKEN = text("""
    select t.id, t.peer_id from transfer t
    left join person p on (p.tenant_id, p.id) = (t.tenant_id, t.user_id)
    left join organization f on f.id = t.from_org_id and f.status = 'active'
    left join organization o on o.id = t.to_org_id and o.status = 'active'
    where t.state = 'asked' and t.direction <> 'in'
        and (p.id is null or p.status in ('archived', 'deleted') or p.org_id <> t.from_org_id or f.id is null
            or o.id is null)
    order by t.id limit :limit
""")


@dataclass(frozen=True, slots=True)
class Shown:
    """A transfer with the names that its tenant knows (None: it does not)."""

    transfer: Transfer
    user_name: str | None
    display_name: str | None
    email: str | None
    roles: Sequence[str]
    from_name: str | None
    to_name: str | None


async def save_transfers(conn: AsyncConnection, transfers: Sequence[Transfer]) -> None:
    """Write transfers that are new, and those that are locked."""
    if transfers:
        await conn.execute(SAVE, [to_values(one) for one in transfers])


async def load_transfers_for_update(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Transfer]:
    """These transfers, as far as the transaction may see them, locked in order of id."""
    return {row.id: from_row(row) for row in await conn.execute(LOAD_FOR_UPDATE, {"ids": sorted(ids)})}


async def find_open(conn: AsyncConnection, tenant_id: UUID, user_id: UUID) -> UUID | None:
    """The transfer that is asked for a person, who has to be locked."""
    found: UUID | None = await conn.scalar(OPEN, {"tenant": tenant_id, "user": user_id})
    return found


async def find_transfer(conn: AsyncConnection, id_: UUID) -> Shown | None:
    """A transfer, as far as the transaction may see it."""
    row = (await conn.execute(FIND, {"id": id_})).one_or_none()
    return to_shown(row) if row else None


async def list_transfers(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> list[Shown]:
    """Transfers out of or into these units, the latest first.

    Without units all there are, those between two tenants once, as the source's.
    """
    asked = {"tenants": tenants, "units": units, "state": state, "before": before, "limit": limit}
    return [to_shown(row) for row in await conn.execute(LIST, asked)]


async def find_overtaken(conn: AsyncConnection, limit: int) -> list[UUID]:
    """The rows of transfers that can be no more, on both sides."""
    rows = (await conn.execute(OVERTAKEN, {"limit": limit})).all()
    return [id_ for row in rows for id_ in (row.id, row.peer_id) if id_]


def to_values(one: Transfer) -> dict[str, Any]:
    names = set(Transfer.__slots__) - {"card", "peer"}
    return {
        **{name: getattr(one, name) for name in names},
        "roles": list(one.roles),
        **{name: getattr(one.card, name) if one.card else None for name in Card.__slots__},
        "peer_tenant_id": one.peer.tenant_id if one.peer else None,
        "peer_id": one.peer.id if one.peer else None,
    }


def from_row(row: Row[Any]) -> Transfer:
    has_card = row.user_name is not None
    return Transfer(
        tenant_id=row.tenant_id,
        id=row.id,
        direction=row.direction,
        user_id=row.user_id,
        from_org_id=row.from_org_id,
        to_org_id=row.to_org_id,
        roles=tuple(row.roles),
        asked_side=row.asked_side,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        note=row.note,
        card=Card(row.user_name, row.display_name, row.email, row.from_name) if has_card else None,
        peer=Peer(row.peer_tenant_id, row.peer_id) if row.peer_id else None,
        state=row.state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        answer=row.answer,
        version=row.version,
    )


def to_shown(row: Row[Any]) -> Shown:
    one = from_row(row)
    return Shown(
        one,
        row.known_user_name or row.user_name,
        row.known_display_name or row.display_name,
        row.known_email if row.known_user_name else row.email,
        one.roles if one.peer else row.known_roles or (),
        row.known_from_name or row.from_name,
        row.known_to_name,
    )

"""The second model: tables like the live ones, in a schema of their own, and what becomes of both (messages: Telling
again).

Statements name tables plainly, so the same ones fill either: which one is said by the transaction's search path.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermChanged, PoolChanged, ProductChanged, SeatChanged
from usher_contracts.identity import OrganizationChanged, UserChanged, UserProfileChanged
from usher_contracts.usage import ActivesChanged, SeatActivityChanged
from usher_kit.migrations import TENANTS
from usher_reporting.domain.headcount import Headcount
from usher_reporting.store.claim_tally import count_anew, is_miscounted, keep_zones
from usher_reporting.tables import METADATA

SCHEMA = "rebuilding"

SHOWN = (
    "organization",
    "person",
    "profile",
    "product",
    "license_term",
    "pool",
    "seat",
    "claim",
    "headcount",
    "actives",
)
"""What is made from facts alone, and exchanged."""

OWN_EACH = ("progress", "claim_tally", "wait_tally")
"""What either model has for itself: the locks under which it is brought in step, and sums by when things were known."""

FIGURES = dict.fromkeys(Headcount._fields, "0")
ENDED: Mapping[str, Mapping[str, str]] = {
    "organization": {"status": "'deleted'", "version": "0"},
    "person": {"status": "'deleted'", "version": "0"},
    "license_term": {"state": "'ended'", "version": "0"},
    "pool": {"state": "'ended'", "version": "0", "capacity": "0", "capacity_with_grace": "0", "assigned": "0"},
    "seat": {"state": "'none'", "version": "0", "activity": "'unknown'", "activity_version": "0"},
    "claim": {"is_void": "true"},
    "headcount": FIGURES,
    "actives": {"people": "0", "logins": "0", "version": "0"},
}
"""How a row ends of which its owner knows nothing: it stays, since its past leads over it, and any version is newer.

A line of a seat's history that nobody tells any more was undone by a restore: it is void. What has no past is removed.
"""

AT_THE_END: Mapping[str, Mapping[str, str]] = {"claim": {"voided_at": "cast(:moment as timestamptz)"}}


class Own(NamedTuple):
    """A column that each model has of its own: what becomes of it where a row is changed, and where one is added."""

    changed: str
    added: str


OWN: Mapping[str, Mapping[str, Own]] = {
    "claim": {
        "known_at": Own("l.known_at", "cast(:moment as timestamptz)"),
        "voided_at": Own(
            "case when l.is_void = r.is_void then l.voided_at when r.is_void then cast(:moment as timestamptz) end",
            "case when r.is_void then cast(:moment as timestamptz) end",
        ),
    }
}
"""When a claim came to be known is said by the live model's line of time."""

ROWS: Mapping[str, str] = {
    OrganizationChanged.type: "organization",
    UserChanged.type: "person",
    UserProfileChanged.type: "profile",
    ProductChanged.type: "product",
    LicenseTermChanged.type: "license_term",
    PoolChanged.type: "pool",
    SeatChanged.type: "claim",
    SeatActivityChanged.type: "seat where activity_version > 0",
    ActivesChanged.type: "actives",
}
"""By type, the rows that there is one of for each fact that was told."""


async def make(conn: AsyncConnection) -> None:
    """Make the second model's tables, empty."""
    for name in (*SHOWN, *OWN_EACH):
        table = f"{SCHEMA}.{name}"
        await conn.execute(text(f"create table {table} (like public.{name} including all)"))
        await conn.execute(text(f"alter table {table} enable row level security"))
        await conn.execute(text(f"alter table {table} force row level security"))
        await conn.execute(text(f"create policy tenant on {table} using (tenant_id = any({TENANTS}))"))


async def drop(conn: AsyncConnection) -> None:
    """Remove the second model with all that is in it; what is not there is as well."""
    names = ", ".join(f"{SCHEMA}.{name}" for name in (*SHOWN, *OWN_EACH))
    await conn.execute(text(f"drop table if exists {names}"))


async def count(conn: AsyncConnection, schema: str) -> dict[str, int]:
    """By type, how many rows a model has of what the transaction sees. Reads everything."""
    counts = ", ".join(f"(select count(*) from {schema}.{rows})" for rows in ROWS.values())
    found = (await conn.execute(text(f"select {counts}"))).one()
    return dict(zip(ROWS, found, strict=True))


async def analyze(conn: AsyncConnection) -> None:
    """Let the planner know how much there is."""
    await conn.execute(text("analyze " + ", ".join(f"{SCHEMA}.{name}" for name in SHOWN)))


async def exchange(conn: AsyncConnection, tenant_id: UUID, moment: datetime) -> int:
    """Make one tenant's live rows what the second model has. Answers how many were not.

    Needs the tenant's lock in the live model, at this moment of its line of time, and a second model that has applied
    all that the live one has. What differs becomes history as any other change.
    """
    corrected = 0
    for name in SHOWN:
        for statement in statements(METADATA.tables[name]):
            asked = {"tenant": tenant_id, "moment": moment} if ":moment" in statement else {"tenant": tenant_id}
            corrected += (await conn.execute(text(statement), asked)).rowcount
    await keep_zones(conn, [tenant_id])
    if await is_miscounted(conn, [tenant_id]):
        await count_anew(conn, [tenant_id])
    return corrected


@cache
def statements(table: Table) -> Sequence[str]:
    """What ends, changes and adds rows of one table where the second model has others."""
    live, second = f"public.{table.name}", f"{SCHEMA}.{table.name}"
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.columns if not column.primary_key]
    same = " and ".join(f"l.{key} = r.{key}" for key in keys)
    own = OWN.get(table.name, {})
    compared = [name for name in rest if name not in own]
    become = [f"{name} = {own[name].changed if name in own else f'r.{name}'}" for name in rest]
    added = [own[name].added if name in own else f"r.{name}" for name in rest]
    unknown = f"l.tenant_id = :tenant and not exists (select from {second} r where {same})"
    return (
        end(table.name, live, unknown),
        f"""
            update {live} l set {", ".join(become)} from {second} r
            where l.tenant_id = :tenant and {same}
                and row({listed("l", compared)}) is distinct from row({listed("r", compared)})
        """,
        f"""
            insert into {live} ({", ".join([*keys, *rest])}) select {", ".join([listed("r", keys), *added])}
            from {second} r where r.tenant_id = :tenant and not exists (select from {live} l where {same})
        """,
    )


def end(name: str, live: str, unknown: str) -> str:
    """What becomes of rows of which nobody tells any more."""
    if name not in ENDED:
        return f"delete from {live} l where {unknown}"
    state = ENDED[name]
    differs = f"row({listed('l', list(state))}) is distinct from row({', '.join(state.values())})"
    become = [f"{column} = {value}" for column, value in {**state, **AT_THE_END.get(name, {})}.items()]
    return f"update {live} l set {', '.join(become)} where {unknown} and {differs}"


def listed(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)

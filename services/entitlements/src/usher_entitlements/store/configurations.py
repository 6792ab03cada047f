"""The configuration row of each tenant: the first lock of every decision, and its grant rules."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.grants import DEFAULT_ROWS, GrantRule, RuleRow

READ = "select tenant_id, version, due_at from configuration where tenant_id = any(cast(:tenants as uuid[]))"
LOCK_SHARED = text(f"{READ} order by tenant_id for share")
LOCK_SHARED_UNLESS_DUE = text(f"""
    {READ} and cardinality(cast(:tenants as uuid[])) = (
        select count(*) from configuration c
        where c.tenant_id = any(cast(:tenants as uuid[])) and (c.due_at is null or c.due_at > :at))
    order by tenant_id for share
""")
LOCK_ALONE = text(f"{READ} order by tenant_id for update")
DUE = text("select tenant_id from configuration where due_at <= :at order by due_at limit 100")
ADD = text("""
    insert into configuration (tenant_id, version) select unnest(cast(:tenants as uuid[])), 1
    on conflict do nothing
""")
SAVE = text("""
    update configuration c set version = c.version + fresh.bump, due_at = fresh.due_at
    from unnest(cast(:tenants as uuid[]), cast(:bumps as int[]), cast(:due as timestamptz[]))
        as fresh (tenant_id, bump, due_at)
    where c.tenant_id = fresh.tenant_id
""")
RULES = text("""
    select tenant_id, role, product, priority, active, since, version from grant_rule
    where tenant_id = any(cast(:tenants as uuid[])) order by tenant_id, product, role
""")
SAVE_RULES = text("""
    insert into grant_rule (tenant_id, role, product, priority, active, since, version)
    select cast(:tenant as uuid), r.*
    from unnest(cast(:roles as text[]), cast(:products as text[]), cast(:priorities as int[]),
        cast(:actives as bool[]), cast(:since as timestamptz[]), cast(:versions as bigint[])) as r
    on conflict (tenant_id, role, product) do update
    set (priority, active, since, version) = (excluded.priority, excluded.active, excluded.since, excluded.version)
""")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A tenant's configuration under lock. `due_at` is when time alone next does something to a term of its."""

    tenant_id: UUID
    version: int
    due_at: datetime | None


async def find_due(conn: AsyncConnection, at: datetime) -> list[UUID]:
    """Tenants, of the transaction's, in which time has something to do; the longest overdue first, not all at once."""
    return list(await conn.scalars(DUE, {"at": at}))


async def lock_for_decisions(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, Configuration]:
    """Lock the configurations, shared with other decisions, by id: rules, tree and terms hold still meanwhile."""
    return {row.tenant_id: Configuration(*row) for row in await conn.execute(LOCK_SHARED, {"tenants": tenants})}


async def lock_unless_due(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime) -> dict[UUID, Configuration]:
    """Lock the configurations for decisions, unless time has something to do in one, or one is new: then lock none."""
    rows = await conn.execute(LOCK_SHARED_UNLESS_DUE, {"tenants": tenants, "at": at})
    return {row.tenant_id: Configuration(*row) for row in rows}


async def lock_for_change(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, Configuration]:
    """Lock the configurations alone, by id, making those that are missing: no decision goes on beside a change."""
    rows = (await conn.execute(LOCK_ALONE, {"tenants": tenants})).all()
    if len(rows) < len(tenants):
        await conn.execute(ADD, {"tenants": tenants})
        rows = (await conn.execute(LOCK_ALONE, {"tenants": tenants})).all()
    return {row.tenant_id: Configuration(*row) for row in rows}


async def save_configurations(
    conn: AsyncConnection, due: Mapping[UUID, datetime | None], *, changed: Iterable[UUID]
) -> None:
    """Save when time has next something to do, and a new version for those that decisions are made by anew."""
    bumped = set(changed)
    await conn.execute(
        SAVE,
        {"tenants": list(due), "bumps": [int(tenant in bumped) for tenant in due], "due": list(due.values())},
    )


async def load_rules(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, Sequence[GrantRule]]:
    """Each tenant's rules in force: its own, or the default ones where it has set none."""
    rows = await load_rule_rows(conn, tenants)
    return {tenant: [row.rule for row in rows[tenant] if row.active] for tenant in tenants}


async def load_rule_rows(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, Sequence[RuleRow]]:
    """Each tenant's rules, also those that no longer hold."""
    own: dict[UUID, list[RuleRow]] = defaultdict(list)
    for row in await conn.execute(RULES, {"tenants": tenants}):
        rule = GrantRule(row.role, row.product, row.priority, row.since)
        own[row.tenant_id].append(RuleRow(rule, row.active, row.version))
    return {tenant: own.get(tenant, DEFAULT_ROWS) for tenant in tenants}


async def save_rule_rows(conn: AsyncConnection, tenant_id: UUID, rows: Sequence[RuleRow]) -> None:
    """Save rules of a tenant whose configuration is locked alone."""
    if rows:
        await conn.execute(
            SAVE_RULES,
            {
                "tenant": tenant_id,
                "roles": [row.rule.role for row in rows],
                "products": [row.rule.product for row in rows],
                "priorities": [row.rule.priority for row in rows],
                "actives": [row.active for row in rows],
                "since": [row.rule.since for row in rows],
                "versions": [row.version for row in rows],
            },
        )

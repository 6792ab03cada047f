"""Grant rules set by a tenant, and the people that they concern put on the work list."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.grants import GrantRule, calls_otherwise, revise
from usher_entitlements.store.configurations import load_rule_rows, load_rules, lock_for_change
from usher_entitlements.store.reevaluations import list_roles, save_rule_change
from usher_entitlements.use_cases.pass_time import catch_up, decide_anew
from usher_entitlements.use_cases.recording import record_rules


async def set_rules(
    conn: AsyncConnection, tenant_id: UUID, wanted: Sequence[GrantRule], at: datetime, cause: Cause
) -> None:
    """Let these rules hold for a tenant, and no others. Its people are decided about anew, in order of place."""
    configurations = await catch_up(conn, await lock_for_change(conn, [tenant_id]), at, cause)
    rows = (await load_rule_rows(conn, [tenant_id]))[tenant_id]
    revised = revise(rows, wanted, at)
    await record_rules(conn, tenant_id, revised, at, cause)
    known = {(row.rule.role, row.rule.product): row for row in rows}
    changed = [key for row in revised if calls_otherwise(known.get(key := (row.rule.role, row.rule.product)), row)]
    if changed:
        in_force = (await load_rules(conn, [tenant_id]))[tenant_id]
        await list_roles(conn, tenant_id, in_force, changed, cause)
        anew = await decide_anew(conn, configurations, [tenant_id])
        await save_rule_change(conn, tenant_id, anew[tenant_id].version, at)

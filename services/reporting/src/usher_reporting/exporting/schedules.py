"""Schedules that are due become exports; of several runs that were missed, the latest is made up for."""

from datetime import datetime

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime
from usher_reporting.domain.exports import Export
from usher_reporting.domain.schedules import Schedule
from usher_reporting.exporting.cron import latest_until, next_after, zone_of
from usher_reporting.store.exports import add_exports
from usher_reporting.store.schedules import move_on, take_due

AT_ONCE = 200


async def run_due(runtime: Runtime) -> bool:
    """One round over all tenants: each schedule's next run is moved in the transaction that asks for its export."""
    now = runtime.clock.now()
    async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        due = await take_due(conn, now, AT_ONCE)
        runs = [run(schedule, now) for schedule in due]
        await add_exports(conn, [export for export, _ in runs])
        await move_on(conn, [schedule for _, schedule in runs])
    if due:
        runtime.wake("exports")
    return len(due) == AT_ONCE


def run(schedule: Schedule, now: datetime) -> tuple[Export, Schedule]:
    zone = zone_of(schedule.time_zone)
    due = latest_until(schedule.cron, zone, now, schedule.next_at)
    return schedule.run(new_id(), due, next_after(schedule.cron, zone, now), now)

"""Reporting's composition root: `usher-reporting api|worker|all|migrate`."""

from usher_contracts.entitlements import PoolChanged, SeatChanged
from usher_contracts.envelope import routing_key
from usher_kit.batch import Linger
from usher_kit.service import Service, run
from usher_reporting.consumers import apply_by
from usher_reporting.exporting.loops import EXPIRE_EXPORTS, EXPORTS, SCHEDULES
from usher_reporting.http import (
    assignments,
    audit,
    audit_log,
    bi_users,
    claims,
    compliance,
    dashboard,
    doctor,
    exports,
    forecast,
    patterns,
    products,
    rebuilds,
    renewals,
    reports,
    schedules,
    seat_history,
    usage,
)
from usher_reporting.rebuilding import beside_the_server
from usher_reporting.settings import ReportingSettings
from usher_reporting.tables import METADATA
from usher_reporting.time_passing import END_OVERLONG_BI, FORECAST, JUDGE_COMPLIANCE, THIN_USAGE

SHOWN_AT_ONCE = frozenset(routing_key(fact.type) for fact in (SeatChanged, PoolChanged))
"""Who changes somebody's roles looks for the seats that follow; all else of it comes with them."""

SERVICE = Service(
    name="reporting",
    settings=ReportingSettings,
    metadata=METADATA,
    apply=lambda runtime: apply_by(runtime.settings),
    linger=Linger(0.05, urgent=SHOWN_AT_ONCE),
    routers=[
        dashboard.router,
        claims.router,
        patterns.router,
        assignments.router,
        forecast.router,
        seat_history.router,
        renewals.router,
        usage.router,
        compliance.router,
        products.router,
        audit.router,
        audit_log.router,
        reports.router,
        exports.router,
        bi_users.router,
        schedules.router,
        rebuilds.router,
        doctor.router,
    ],
    loops=[JUDGE_COMPLIANCE, THIN_USAGE, FORECAST, SCHEDULES, EXPORTS, EXPIRE_EXPORTS, END_OVERLONG_BI],
    beside=beside_the_server,
)


def main() -> None:
    """The program's entry."""
    run(SERVICE)

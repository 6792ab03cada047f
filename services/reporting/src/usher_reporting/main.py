"""Reporting's composition root: `usher-reporting api|worker|all|migrate`."""

from usher_kit.service import Service, run
from usher_reporting.consumers import apply_by
from usher_reporting.http import audit, audit_log, claims, dashboard, doctor, products, renewals, seat_history, usage
from usher_reporting.settings import ReportingSettings
from usher_reporting.tables import METADATA

SERVICE = Service(
    name="reporting",
    settings=ReportingSettings,
    metadata=METADATA,
    apply=lambda runtime: apply_by(runtime.settings),
    routers=[
        dashboard.router,
        claims.router,
        seat_history.router,
        renewals.router,
        usage.router,
        products.router,
        audit.router,
        audit_log.router,
        doctor.router,
    ],
)


def main() -> None:
    """The program's entry."""
    run(SERVICE)

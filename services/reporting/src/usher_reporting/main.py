"""Reporting's composition root: `usher-reporting api|worker|all|migrate`."""

from usher_kit.service import Service, run
from usher_kit.settings import ServiceSettings
from usher_reporting.consumers import APPLY
from usher_reporting.http import claims, dashboard, doctor, products, renewals
from usher_reporting.tables import METADATA

SERVICE = Service(
    name="reporting",
    settings=ServiceSettings,
    metadata=METADATA,
    apply=APPLY,
    routers=[dashboard.router, claims.router, renewals.router, products.router, doctor.router],
)


def main() -> None:
    """The program's entry."""
    run(SERVICE)

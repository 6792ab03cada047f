"""The program `usher-entitlements`: the composition root."""

from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_entitlements.consumers import APPLY
from usher_entitlements.http import (
    check,
    doctor,
    excess,
    explain,
    grant_rules,
    license_requests,
    license_terms,
    pools,
    products,
    seat_acts,
    seats,
    settings,
    simulate,
    waitlists,
)
from usher_entitlements.tables import METADATA
from usher_entitlements.time_passing import NOTICES, PASS_TERMS, RECLAIM, REEVALUATE, SETTLE
from usher_entitlements.use_cases.products import FIRST_PRODUCTS, extend_catalogue
from usher_entitlements.use_cases.telling_again import SOURCES
from usher_kit.runtime import Runtime
from usher_kit.service import Service, run
from usher_kit.settings import ServiceSettings


async def start_catalogue(runtime: Runtime) -> None:
    """Bring in the products that a deployment's catalogue starts with."""
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        await extend_catalogue(conn, FIRST_PRODUCTS, runtime.clock.now(), Cause())


SERVICE = Service(
    "entitlements",
    ServiceSettings,
    METADATA,
    apply=APPLY,
    sources=SOURCES,
    routers=[
        module.router
        for module in (
            check,  # the first, since it is asked the most: routes are tried in order
            products,
            grant_rules,
            settings,
            license_terms,
            license_requests,
            pools,
            excess,
            waitlists,
            seats,
            seat_acts,
            explain,
            simulate,
            doctor,
        )
    ],
    loops=[PASS_TERMS, NOTICES, SETTLE, REEVALUATE, RECLAIM],
    prepare=start_catalogue,
    beside=check.reading,
    untraced=check.PATHS,
)


def main() -> None:
    run(SERVICE)

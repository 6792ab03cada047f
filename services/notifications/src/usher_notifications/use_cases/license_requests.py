"""License requests: told to those who sell when asked, and to those who asked when answered (guide)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseRequestChanged
from usher_contracts.envelope import OPERATORS_TENANT, Event, latest
from usher_notifications.domain.deliveries import REPRESENTATIVE, Delivery
from usher_notifications.domain.notices import Kind
from usher_notifications.domain.timing import useful_until
from usher_notifications.store.license_requests import claim_requests, keep_requests
from usher_notifications.store.people import find_administrators, find_operators
from usher_notifications.use_cases.deliveries import about, make_deliveries

AT_ONCE = 100
KINDS = {"open": Kind.LICENSE_REQUEST, "granted": Kind.LICENSE_ANSWER, "declined": Kind.LICENSE_ANSWER}
"""What each state of a request is told as; a withdrawn one is not."""


async def keep_license_requests(
    conn: AsyncConnection,
    events: Sequence[Event[LicenseRequestChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Keep requests; addressing them is time's work, which sees the operators too."""
    return await keep_requests(conn, latest(events))


async def address_requests(conn: AsyncConnection, at: datetime, *, has_representative: bool) -> int:
    """Make the deliveries of what was asked and answered, each version once. Answers of how many requests.

    Who sells are the system administrators and, where there is one, the account representative; who asked are the
    administrators of the organization and of those above it. The transaction must see the operators' tenant.
    """
    requests = await claim_requests(conn, at, AT_ONCE)
    if not requests:
        return 0
    by_org = await find_administrators(conn, [one.org_id for one in requests])
    sellers = [(one.tenant_id, one.id) for one in await find_operators(conn)]
    if has_representative:
        sellers.append((OPERATORS_TENANT, REPRESENTATIVE))
    deliveries: list[Delivery] = []
    for one in requests:
        kind = KINDS.get(one.state)
        if kind is not None and at < useful_until(kind, one.told_at):
            askers = [(each.tenant_id, each.id) for each in by_org.get(one.org_id, ())]
            told = sellers if kind is Kind.LICENSE_REQUEST else askers
            deliveries += [about(one, kind, one.version, one.org_id, recipient, at) for recipient in told]
    await make_deliveries(conn, deliveries, at)
    return len(requests)

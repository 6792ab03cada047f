"""The demo's license terms: enough seats of one product, and too few of the other, so that people wait."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session

DAYS_LEFT = 75
"""Whole days that the terms still run, seen from the real now: within the notices, so that a renewal is near."""


def demand(people: Iterable[Json], rules: Iterable[Json]) -> Mapping[str, int]:
    """How many active people's roles call for each product."""
    calling: dict[str, set[str]] = {}
    for rule in rules:
        if rule["active"]:
            calling.setdefault(rule["product"], set()).add(rule["role"])
    wanted = Counter(
        product
        for person in people
        if person["status"] == "active"
        for product, roles in calling.items()
        if roles & {held["role"] for held in person["roles"]}
    )
    return {product: wanted[product] for product in calling}


def seats_for(product: str, wanted: int) -> int:
    """How many seats the demo buys: a tenth more than are wanted of learn, a tenth less of observe."""
    return wanted * 9 // 10 if product == "observe" else -(-wanted * 11 // 10)


def license_root(session: Session, root: str, starts_at: datetime) -> list[tuple[str, int]]:
    """Create a term for each product of which the root has none. Returns the products with the seats bought."""
    rules = session.entitlements.grant_rules(root)["items"]
    people = session.identity.users(every=True, org_id=root)["items"]
    has = {term["product"] for term in session.entitlements.terms(every=True, org_id=root)["items"]}
    bought = [
        (product, seats_for(product, wanted))
        for product, wanted in sorted(demand(people, rules).items())
        if wanted and product not in has
    ]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ends_at = today + timedelta(days=DAYS_LEFT + 1)
    for product, seats in bought:
        session.entitlements.create_term(
            {
                "org_id": root,
                "product": product,
                "seats": seats,
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
            }
        )
    return bought

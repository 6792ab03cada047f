"""A district's figures, as the services would answer them: what pages are shown with in tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from usher_console.clients.entitlements import Counterfactual, Evidence, Explanation, Pool, PoolThen, Seat, Term
from usher_console.clients.identity import Me, Organization, Person
from usher_console.clients.reporting import Dashboard, ProductFigures, Renewal, SharedPool, UnitFigures, UnitProduct

NOW = datetime(2026, 12, 1, 14, 3, 22, tzinfo=UTC)
END = NOW + timedelta(days=75)
FAR_AHEAD = datetime(2099, 3, 2, 18, tzinfo=UTC)
DISTRICT = UUID(int=1)
SCHOOLS = ["Lincoln High School", "Roosevelt Middle School", "Washington Elementary", "Jefferson High School"]
NAMES = {DISTRICT: "Springfield District", **{UUID(int=n + 2): name for n, name in enumerate(SCHOOLS)}}


def figures(product: str, **changes: Any) -> ProductFigures:
    """A product with 1,240 seats, of which 1,127 are assigned."""
    usual: dict[str, Any] = {
        "product": product,
        "total_licensed": 1240,
        "assigned": 1127,
        "available": 113,
        "usage_percentage": 90.89,
        "active_users": 861,
        "inactive_users": 198,
        "never_used_users": 68,
        "utilization_percentage": 76.4,
        "license_state": "expiring",
        "starts_at": NOW - timedelta(days=290),
        "ends_at": END,
    }
    return ProductFigures(**usual | changes)


def full(product: str = "observe", **changes: Any) -> ProductFigures:
    """A product whose every seat is taken, with people waiting."""
    usual = {"total_licensed": 610, "assigned": 610, "available": 0, "usage_percentage": 100, "waitlisted": 68}
    activity = {"active_users": 402, "inactive_users": 121, "never_used_users": 87, "utilization_percentage": 65.9}
    return figures(product, **usual | activity | changes)


def combined(**changes: Any) -> ProductFigures:
    usual = {"total_licensed": 610, "assigned": 548, "available": 0, "usage_percentage": 89.84}
    activity = {"active_users": 371, "inactive_users": 110, "never_used_users": 67, "utilization_percentage": 67.7}
    return figures("combined", **usual | activity | changes)


def shared(product: str) -> ProductFigures:
    """A school that draws on its district's pool."""
    pool = SharedPool(org_id=DISTRICT, total_licensed=1240, assigned=1127, available=113)
    return figures(
        product,
        total_licensed=None,
        assigned=214,
        available=None,
        usage_percentage=None,
        shared_pool=pool,
        active_users=180,
        inactive_users=22,
        never_used_users=12,
        utilization_percentage=84.11,
    )


def shared_combined() -> ProductFigures:
    """Combined, where the products draw on pools above."""
    return combined(total_licensed=None, available=None, usage_percentage=None, assigned=180)


def dashboard(*products: ProductFigures, renewals: bool = True) -> Dashboard:
    ending = [Renewal(org_id=DISTRICT, product=p, seats=s, ends_at=END) for p, s in (("learn", 1240), ("observe", 610))]
    shown = products or (figures("learn"), full(), combined())
    return Dashboard(as_of=NOW, org_id=DISTRICT, products=shown, upcoming_renewals=ending if renewals else [])


def units() -> list[UnitFigures]:
    district = UnitFigures(
        org_id=DISTRICT,
        name=NAMES[DISTRICT],
        kind="district",
        products=[
            UnitProduct(product="learn", assigned=1127, total_licensed=1240, available=113),
            UnitProduct(product="observe", assigned=610, total_licensed=610, available=0, waitlisted=68),
            UnitProduct(product="combined", assigned=548),
        ],
    )
    return [district, *(school(n, name) for n, name in enumerate(SCHOOLS))]


def school(n: int, name: str) -> UnitFigures:
    return UnitFigures(
        org_id=UUID(int=n + 2),
        name=name,
        parent_id=DISTRICT,
        kind="school",
        products=[
            UnitProduct(product="learn", assigned=(n * 137) % 400 + 90),
            UnitProduct(product="observe", assigned=(n * 71) % 200 + 40, waitlisted=(n * 17) % 30),
            UnitProduct(product="combined", assigned=(n * 61) % 200 + 30),
        ],
    )


def organizations() -> list[Organization]:
    return [Organization(id=DISTRICT, name=NAMES[DISTRICT], kind="district")] + [
        Organization(id=id_, name=name, kind="school", parent_id=DISTRICT)
        for id_, name in NAMES.items()
        if id_ != DISTRICT
    ]


def person(n: int = 1, **changes: Any) -> Person:
    names = ["Ada Byron", "Grace Murray", "Katherine Goble", "Mary Golda Ross", "Chien-Shiung Wu", "Rosalind Elsie"]
    name = names[n % len(names)]
    login = name.lower().replace(" ", ".")
    usual = {
        "id": UUID(int=1000 + n),
        "org_id": UUID(int=2 + n % 4),
        "user_name": login,
        "display_name": name,
        "email": f"{login}@springfield.example",
        "status": "active",
        "roles": [["learner", "observable"], ["observer", "reporter"], ["org_admin"], []][n % 4],
        "version": 3,
    }
    return Person(**usual | changes)


def administrator(*roles: str) -> Me:
    """The person who is signed in: an organization administrator, unless other roles are given."""
    held = roles or ("org_admin",)
    return Me(
        id=UUID(int=999), org_id=DISTRICT, tenant_id=DISTRICT, display_name="Olive Winters", roles=held, version=1
    )


def seats() -> list[Seat]:
    return [
        Seat(product="learn", state="assigned", reason="role_granted", since=NOW - timedelta(days=200)),
        Seat(product="observe", state="waitlisted", reason="role_granted", since=NOW - timedelta(days=3)),
    ]


def explanations() -> dict[str, Explanation]:
    term = Term(state="expiring", seats=610, starts_at=NOW - timedelta(days=290), ends_at=END)
    seated = Explanation(
        product="learn",
        code="seated",
        allowed=True,
        words="The person holds a seat of Learn by the role learner.",
        evidence=Evidence(role="learner", pool=Pool(capacity=1240, assigned=1127, waitlisted=0), term=term),
    )
    waiting = Explanation(
        product="observe",
        code="waitlisted",
        words="The person waits at position 14: 610 seats are held of the 610 that can be given.",
        position=14,
        evidence=Evidence(
            role="observable",
            pool=Pool(capacity=610, assigned=610, waitlisted=68),
            pool_then=PoolThen(capacity=610, assigned=610, waitlisted=14),
            term=term,
            trace_id="0af7651916cd43dd8448eb211c80319c",
        ),
        counterfactual=Counterfactual(words="Add 14 more seats of Observe."),
    )
    return {"learn": seated, "observe": waiting}


def on_its_way(product: str) -> Explanation:
    return Explanation(product=product, code="change_in_progress", words="A change of roles is on its way.")


def export(number: int, state: str = "done") -> dict[str, Any]:
    """An export as reporting answers it."""
    file = {"bytes": 1_536 * 1_024, "rows": 1_200, "expires_at": FAR_AHEAD.isoformat()}
    return {
        "id": str(UUID(int=900 + number)),
        "report": "claims",
        "format": "csv",
        "state": state,
        "created_at": NOW.isoformat(),
        "file": file if state == "done" else None,
        "removed": None,
        "error": {"detail": "It is too large: narrow it."} if state == "failed" else None,
    }

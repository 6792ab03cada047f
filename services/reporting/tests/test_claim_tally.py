"""Claims counted by day as they arrive: in whatever order, the sums are those of a plain count of what is written."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from usher_contracts.entitlements import SeatState
from usher_contracts.envelope import Event
from usher_contracts.identity import OrganizationChanged
from usher_kit.ids import new_id
from usher_kit.versions import EPOCH_SIZE
from usher_reporting.domain.waits import length_of

from .story import ANN, DISTRICT, LAB, NORTH, SOUTH, START, Reporting, day, seat, tell, tree

OPEN = ("assigned", "waitlisted", "suspended")
STATES: list[SeatState] = ["assigned", "waitlisted", "suspended", "released", "withheld"]
SUMS = "sum(claims), sum(seats_entered), sum(seats_left), sum(seats_transferred), sum(wants_begun), sum(wants_ended)"
TALLY = f"""
    select org_id, product, day, kind, reason, {SUMS} from claim_tally
    group by org_id, product, day, kind, reason having ({SUMS}) <> (0, 0, 0, 0, 0, 0)
"""
WAITS = """
    select org_id, product, day, reason, length, sum(seats) from wait_tally
    group by org_id, product, day, reason, length having sum(seats) <> 0
"""
CLAIMS = "select * from claim where not is_void order by tenant_id, user_id, product, version"


def root(tenant: UUID, zone: str, version: int) -> Event[OrganizationChanged]:
    return tell(
        OrganizationChanged(tenant_id=tenant, id=tenant, name="Root", kind="district", time_zone=zone, version=version)
    )


def life_of(rng: random.Random, tenant: UUID, user: UUID, product: str) -> Iterator[Event[Any]]:
    """A seat's versions at hours that lie around midnight, some told after the owner was restored from a backup."""
    states: dict[int, SeatState] = {0: "none"}
    at, previous, epoch = START + timedelta(hours=rng.randint(0, 40)), 0, 0
    for _ in range(rng.randint(1, 8)):
        if epoch == 0 and previous and rng.random() < 0.15:
            previous, epoch = rng.choice([version for version in states if version]), 1
        version = epoch * EPOCH_SIZE + previous % EPOCH_SIZE + 1
        states[version] = rng.choice(STATES)
        at += timedelta(seconds=rng.choice([0, 5, 4_000, 90_000, 3_000_000]))
        yield seat(
            user, states[version], product=product, org=rng.choice([NORTH, SOUTH, LAB]), tenant=tenant, at=at,
            came_from=states[previous], version=version, previous=previous,
            reason=rng.choice(["role_granted", "seat_freed"]),
        )  # fmt: skip
        previous = version


def plain_count(claims: Sequence[Any], zone: str) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """What tally and waits must say, seat by seat and claim by claim."""
    tally: dict[tuple[Any, ...], Counter[str]] = {}
    waits: Counter[tuple[Any, ...]] = Counter()
    for _, life in groupby(claims, key=lambda claim: (claim.user_id, claim.product)):
        former, waited_since = None, None
        for claim in life:
            on = claim.at.astimezone(ZoneInfo(zone)).date()
            what = (claim.product, on, claim.kind, claim.reason)
            held, holds = claim.from_state == "assigned", claim.state == "assigned"
            counted = {"claims": 1, "entered": int(holds and not held), "left": int(held and not holds)}
            wanted, wants = claim.from_state in OPEN, claim.state in OPEN
            counted |= {"begun": int(wants and not wanted), "ended": int(wanted and not wants)}
            tally.setdefault((claim.org_id, *what), Counter()).update(counted)
            if held and former not in (None, claim.org_id):
                tally[claim.org_id, *what]["moved"] += 1
                tally.setdefault((former, *what), Counter())["moved"] -= 1
            if claim.from_state == "waitlisted" and holds and waited_since:
                length = length_of((claim.at - waited_since).total_seconds())
                waits[claim.org_id, claim.product, on, claim.reason, length] += 1
            if claim.state == "waitlisted" and claim.from_state != "waitlisted":
                waited_since = claim.at
            former = claim.org_id
    names = ("claims", "entered", "left", "moved", "begun", "ended")
    sums = {(*key, *(found[name] for name in names)) for key, found in tally.items()}
    return {one for one in sums if any(one[-6:])}, {(*key, seats) for key, seats in waits.items()}


@settings(
    max_examples=settings().max_examples // 8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False))
async def test_any_order_of_claims_is_counted_as_a_plain_count_would(reporting: Reporting, rng: random.Random) -> None:
    tenant, *people = (new_id() for _ in range(5))
    events = [one for user in people for product in ("learn", "observe") for one in life_of(rng, tenant, user, product)]
    zones = ["Pacific/Auckland", "America/Los_Angeles"]
    events += [root(tenant, zone, version) for version, zone in enumerate(zones, 1)]
    events += rng.choices(events, k=8)
    rng.shuffle(events)
    while events:
        cut = rng.randint(1, 20)
        await reporting.hear(*events[:cut])
        events = events[cut:]
    tally, waits = plain_count(await reporting.rows(CLAIMS, [tenant]), zones[-1])
    assert set(map(tuple, await reporting.rows(TALLY, [tenant]))) == tally
    assert set(map(tuple, await reporting.rows(WAITS, [tenant]))) == waits


async def test_a_wait_lasts_from_the_first_day_in_line_to_the_seat(reporting: Reporting) -> None:
    moved = seat(came_from="waitlisted", state="waitlisted", claim="moved", reason="pool_changed", at=day(1), version=2)
    seated = seat(came_from="waitlisted", claim="promoted", reason="seat_freed", at=day(3), version=3)
    await reporting.hear(*tree(), seated, moved)
    assert await reporting.rows(WAITS) == []
    await reporting.hear(seat(state="waitlisted", at=day(0)))
    [wait] = await reporting.rows(WAITS)
    assert tuple(wait) == (NORTH, "learn", day(3).date(), "seat_freed", length_of(3 * 86_400), 1)


async def test_a_seat_goes_with_its_holder_to_another_organization_at_its_next_claim(reporting: Reporting) -> None:
    released = seat(org=SOUTH, state="released", came_from="assigned", at=day(1), version=2)
    await reporting.hear(*tree(), seat(), released)
    sums = (
        "select org_id, sum(seats_entered - seats_left), sum(seats_transferred) from claim_tally group by 1 order by 1"
    )
    assert set(map(tuple, await reporting.rows(sums))) == {(NORTH, 1, -1), (SOUTH, -1, 1)}


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Mars/Olympus"])
async def test_days_are_the_tenants_own_and_utc_where_its_zone_is_none(reporting: Reporting, zone: str) -> None:
    late = datetime(2026, 3, 31, 20, tzinfo=UTC)
    await reporting.hear(root(DISTRICT, "UTC", 1), seat(ANN, at=late))
    assert [str(row.day) for row in await reporting.rows(TALLY)] == ["2026-03-31"]
    await reporting.hear(root(DISTRICT, zone, 2))
    expected = "2026-04-01" if zone.startswith("Pacific") else "2026-03-31"
    assert [str(row.day) for row in await reporting.rows(TALLY)] == [expected]

"""What seats of an organization are judged by: its own, or what the nearest ancestor sets."""

from datetime import UTC, date
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from usher_usage.domain.days import NONE, Pauses
from usher_usage.domain.policies import DEFAULT_POLICY, Policy
from usher_usage.domain.units import Rules, Unit, Units

from .story import DISTRICT, ELSEWHERE, NORTH, SOUTH, day

WINTER = Pauses.of([(date(2026, 12, 21), date(2027, 1, 3))])
CHICAGO = ZoneInfo("America/Chicago")
STRICT, MILD = Policy(20), Policy(60)


def units(*own: Unit) -> Units:
    """Each below the one before it."""
    return Units({unit.id: unit for unit in own})


TREE = units(
    Unit(DISTRICT, None, CHICAGO, WINTER, day(5), {"learn": STRICT, "observe": STRICT}),
    Unit(NORTH, DISTRICT, UTC, None, day(9), {"learn": MILD}),
    Unit(SOUTH, NORTH, UTC, NONE, None),
)


@pytest.mark.parametrize(
    ("story", "org", "product", "rules"),
    [
        ("its own", DISTRICT, "learn", Rules(CHICAGO, WINTER, day(5), STRICT, DISTRICT)),
        ("some its own, some inherited", NORTH, "learn", Rules(UTC, WINTER, day(5), MILD, NORTH)),
        ("each product by itself", NORTH, "observe", Rules(UTC, WINTER, day(5), STRICT, DISTRICT)),
        ("a calendar without breaks is one", SOUTH, "learn", Rules(UTC, NONE, day(5), MILD, NORTH)),
        ("what nobody sets", SOUTH, "extra", Rules(UTC, NONE, day(5), DEFAULT_POLICY, None)),
        ("not known yet", ELSEWHERE, "learn", Rules()),
    ],
)
def test_the_nearest_that_sets_it_counts(story: str, org: UUID, product: str, rules: Rules) -> None:
    assert TREE.rules(org, product) == rules, story


def test_units_below_each_other_are_gone_up_once() -> None:
    turning = units(Unit(NORTH, SOUTH), Unit(SOUTH, NORTH, policies={"learn": MILD}))
    assert turning.rules(NORTH, "learn").policy_set_at == SOUTH
    assert turning.rules(NORTH, "observe").policy_set_at is None

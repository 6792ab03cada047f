"""Grant rules: who wants what, since when, and how a tenant's own rules follow each other (seats: Seat states)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.grants import (
    DEFAULT_ROWS,
    DEFAULT_RULES,
    GrantRule,
    RuleRow,
    by_product,
    calls,
    calls_otherwise,
    revise,
    rule_id,
    want,
)
from usher_entitlements.domain.people import HeldRole, Person

START = datetime(2026, 9, 1, tzinfo=UTC)
TENANT = UUID(int=1)


def day(count: int) -> datetime:
    return START + timedelta(days=count)


def person(*roles: tuple[str, int], active_since: int = 0, status: str = "active") -> Person:
    held = [HeldRole(role, day(since)) for role, since in roles]
    return Person(TENANT, UUID(int=5), TENANT, status, day(active_since), held, version=1)


@pytest.mark.parametrize(
    ("story", "who", "rules", "since", "priority"),
    [
        ("a role calls since it is held", person(("learner", 3)), DEFAULT_RULES, 3, 0),
        ("who became active later wants it since then", person(("learner", 3), active_since=9), DEFAULT_RULES, 9, 0),
        ("the earliest calling role counts", person(("learner", 8), ("org_admin", 5)), DEFAULT_RULES, 5, 0),
        ("a role that calls for nothing doesn't", person(("reporter", 1), ("learner", 8)), DEFAULT_RULES, 8, 0),
        ("a rule calls since it began to", person(("learner", 3)), [GrantRule("learner", "learn", since=day(7))], 7, 0),
        (
            "the lowest priority of the rules that call, the earliest call of any",
            person(("learner", 3), ("org_admin", 6)),
            [GrantRule("learner", "learn", 5), GrantRule("org_admin", "learn", 2)],
            3,
            2,
        ),
    ],
)
def test_a_place(story: str, who: Person, rules: Sequence[GrantRule], since: int, priority: int) -> None:
    place = want(who, calls(by_product(rules), who, "learn"))
    assert place is not None
    assert (place.since, place.priority) == (day(since), priority), story


@pytest.mark.parametrize(
    ("story", "who"),
    [
        ("without a role that calls", person(("observer", 1))),
        ("without any role", person()),
        ("while not active", person(("learner", 1), status="suspended")),
        ("while only invited", person(("learner", 1), status="invited")),
    ],
)
def test_who_does_not_want_it(story: str, who: Person) -> None:
    assert want(who, calls(by_product(DEFAULT_RULES), who, "learn")) is None, story


def active(rows: Sequence[RuleRow]) -> dict[tuple[str, str], int]:
    return {(row.rule.role, row.rule.product): row.rule.priority for row in rows if row.active}


def applied(rows: Sequence[RuleRow], wanted: Sequence[GrantRule], at: datetime) -> list[RuleRow]:
    """The rows as the database has them after a revision."""
    known = {(row.rule.role, row.rule.product): row for row in rows if row.version}
    return list((known | {(row.rule.role, row.rule.product): row for row in revise(rows, wanted, at)}).values())


def test_the_first_rules_of_a_tenants_own_take_the_default_ones_along() -> None:
    revised = applied(DEFAULT_ROWS, [GrantRule("learner", "learn"), GrantRule("reporter", "learn")], day(4))
    assert active(revised) == {("learner", "learn"): 0, ("reporter", "learn"): 0}
    assert len(revised) == len(DEFAULT_RULES) + 1
    since = {row.rule.role: row.rule.since for row in revised if row.active}
    assert since == {"learner": None, "reporter": day(4)}


def test_each_row_is_one_version_on() -> None:
    own = GrantRule("reporter", "learn")
    [learner, reporter] = revise([RuleRow(GrantRule("learner", "learn"), active=True, version=3)], [own], day(4))
    assert learner == RuleRow(GrantRule("learner", "learn"), active=False, version=4)
    assert learner.active is False
    assert reporter == RuleRow(GrantRule("reporter", "learn", since=day(4)), active=True, version=1)


def test_what_no_rule_names_nobody_is_called_for() -> None:
    assert calls(by_product([GrantRule("learner", "learn")]), person(("learner", 0)), "observe") == []


def test_a_rule_that_begins_anew_calls_since_then_and_one_that_goes_on_keeps_its_since() -> None:
    rows = applied(DEFAULT_ROWS, [GrantRule("learner", "learn")], day(1))
    rows = applied(rows, [], day(2))
    rows = applied(rows, [GrantRule("learner", "learn", 3)], day(3))
    rows = applied(rows, [GrantRule("learner", "learn", 7)], day(4))
    [rule] = [row for row in rows if row.active]
    assert (rule.rule.since, rule.rule.priority, rule.version) == (day(3), 7, 4)


rules = st.lists(
    st.builds(
        GrantRule,
        st.sampled_from(["learner", "observer", "reporter"]),
        st.sampled_from(["learn", "observe"]),
        st.integers(0, 2),
    ),
    unique_by=lambda rule: (rule.role, rule.product),
    max_size=5,
)


@given(st.lists(rules, min_size=1, max_size=4))
def test_exactly_the_wanted_rules_hold_and_wanting_them_again_changes_nothing(history: list[list[GrantRule]]) -> None:
    rows: Sequence[RuleRow] = DEFAULT_ROWS
    for number, wanted in enumerate(history):
        rows = applied(rows, wanted, day(number))
    assert active(rows) == {(rule.role, rule.product): rule.priority for rule in history[-1]}
    assert revise(rows, history[-1], day(99)) == []


def row(priority: int, version: int, *, active: bool = True) -> RuleRow:
    return RuleRow(GrantRule("learner", "learn", priority), active, version)


@pytest.mark.parametrize(
    ("story", "before", "after", "otherwise"),
    [
        ("a new one", None, row(0, 1), True),
        ("one that ends", row(0, 1), row(0, 2, active=False), True),
        ("one that begins anew", row(0, 1, active=False), row(0, 2), True),
        ("another priority", row(0, 1), row(2, 2), True),
        ("a default one taken along", row(0, 0), row(0, 1), False),
        ("one that did not hold, and does not", row(0, 1, active=False), row(2, 2, active=False), False),
    ],
)
def test_which_revisions_concern_people(story: str, before: RuleRow | None, after: RuleRow, otherwise: bool) -> None:
    assert calls_otherwise(before, after) is otherwise, story


def test_a_rules_id_follows_from_tenant_role_and_product() -> None:
    assert rule_id(TENANT, "learner", "learn") == rule_id(TENANT, "learner", "learn")
    ids = {rule_id(t, r, p) for t in (TENANT, UUID(int=2)) for r in ("a", "b") for p in ("c", "d")}
    assert len(ids) == 8

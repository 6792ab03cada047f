"""What the terms of a pool give it together (seats: Capacity)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from usher_entitlements.domain.license import License
from usher_entitlements.domain.overage import overage_seats
from usher_entitlements.domain.terms import LicenseTerm, TermState

START = datetime(2026, 9, 1, tzinfo=UTC)


def term(
    seats: int, state: str, overage: str = "block", *, year: int = 0, shrink: str = "keep", ended: int | None = None
) -> LicenseTerm:
    start = START + timedelta(days=365 * year)
    ended_at = None if ended is None else START + timedelta(days=ended)
    return LicenseTerm(
        UUID(int=1), UUID(int=seats), UUID(int=1), "learn", seats, start, start + timedelta(days=365), 14, overage,
        shrink=shrink, ended_at=ended_at, state=TermState(state),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("story", "terms", "capacity", "with_grace", "extra", "extra_with_grace", "state"),
    [
        ("one active term", [term(10, "active")], 10, 10, 0, 0, "active"),
        ("terms add up", [term(10, "active"), term(5, "expiring")], 15, 15, 0, 0, "active"),
        ("a scheduled one counts for nothing", [term(10, "active"), term(5, "scheduled")], 10, 10, 0, 0, "active"),
        ("grace keeps, and seats nobody", [term(10, "grace")], 0, 10, 0, 0, "grace"),
        ("one in grace beside one that counts", [term(10, "grace"), term(4, "active")], 4, 14, 0, 0, "active"),
        ("grace gives its overage to holders alone", [term(10, "grace", "percent:20")], 0, 10, 0, 2, "grace"),
        ("expired counts for nothing", [term(10, "expired", "allow")], 0, 0, 0, 0, "expired"),
        ("ended is as expired", [term(10, "ended", ended=30)], 0, 0, 0, 0, "ended"),
        ("the last ran out by itself", [term(10, "ended", ended=30), term(9, "expired")], 0, 0, 0, 0, "expired"),
        ("the last was ended", [term(9, "expired"), term(10, "ended", year=1, ended=400)], 0, 0, 0, 0, "ended"),
        ("one that expired was ended after all", [term(10, "ended", ended=400)], 0, 0, 0, 0, "ended"),
        ("one is still to come", [term(10, "ended", ended=30), term(9, "scheduled", year=1)], 0, 0, 0, 0, "expired"),
        ("a renewed one counts no more", [term(10, "renewed"), term(9, "active", year=1)], 9, 9, 0, 0, "active"),
        ("nor does it keep the pool alive", [term(10, "renewed"), term(9, "expired", year=1)], 0, 0, 0, 0, "expired"),
        ("the renewal was ended", [term(10, "renewed"), term(9, "ended", year=1, ended=366)], 0, 0, 0, 0, "ended"),
        ("the best state holds", [term(9, "expired"), term(10, "expiring", year=1)], 10, 10, 0, 0, "expiring"),
        ("grace goes before ended", [term(9, "ended", ended=30), term(10, "grace", year=1)], 0, 10, 0, 0, "grace"),
        ("ended at the moment of its start", [term(10, "ended", ended=0)], 0, 0, 0, 0, "ended"),
        ("percent is rounded down", [term(19, "active", "percent:10")], 19, 19, 1, 1, "active"),
        ("it adds up", [term(10, "active", "percent:10"), term(20, "active", "percent:5")], 30, 30, 2, 2, "active"),
        ("one allow lifts it", [term(10, "active", "allow"), term(5, "active")], 15, 15, None, None, "active"),
    ],
)  # fmt: skip
def test_a_license(
    story: str,
    terms: Sequence[LicenseTerm],
    capacity: int,
    with_grace: int,
    extra: int | None,
    extra_with_grace: int | None,
    state: str,
) -> None:
    license_ = License.of(terms)
    assert license_ is not None
    found = (license_.capacity, license_.capacity_with_grace, license_.extra, license_.extra_with_grace, license_.state)
    assert found == (capacity, with_grace, extra, extra_with_grace, state), story


def test_there_is_none_before_the_first_start() -> None:
    assert License.of([]) is None
    assert License.of([term(10, "scheduled")]) is None
    assert License.of([term(10, "ended", ended=-1)]) is None


def test_the_shrink_policy_is_that_of_the_counting_term_that_ends_last() -> None:
    first, last = term(1, "active", shrink="last_assigned"), term(2, "active", year=1, shrink="least_recently_active")
    for terms, policy in (
        ([first, last], "least_recently_active"),
        ([first, term(2, "scheduled", year=1, shrink="keep")], "last_assigned"),
        ([term(1, "grace", shrink="last_assigned")], "keep"),
    ):
        license_ = License.of(terms)
        assert license_ is not None
        assert license_.shrink == policy


def test_its_dates_are_those_of_the_best_terms() -> None:
    past, now, next_ = term(1, "expired"), term(2, "active", year=1), term(3, "scheduled", year=2)
    license_ = License.of([past, now, next_])
    assert license_ is not None
    assert (license_.starts_at, license_.ends_at) == (now.starts_at, now.ends_at)
    assert license_.usable_until == now.expires_at


def test_in_grace_its_dates_are_those_of_what_is_in_grace() -> None:
    license_ = License.of([term(1, "expired"), term(2, "grace", year=1)])
    assert license_ is not None
    assert (license_.starts_at, license_.ends_at) == (START + timedelta(days=365), START + timedelta(days=2 * 365))


@pytest.mark.parametrize(
    ("story", "terms", "day"),
    [
        ("one that expired, until the end of its grace", [term(1, "expired")], 365 + 14),
        ("one that was renewed, until its end", [term(1, "renewed"), term(2, "ended", ended=100)], 365),
        ("one that was ended, until then", [term(1, "ended", ended=30)], 30),
        ("the last of them", [term(1, "expired"), term(2, "expired", year=1)], 2 * 365 + 14),
    ],
)
def test_a_license_that_is_over_could_be_used(story: str, terms: Sequence[LicenseTerm], day: int) -> None:
    license_ = License.of(terms)
    assert license_ is not None
    assert license_.usable_until == START + timedelta(days=day), story


def test_who_holds_a_seat_may_use_it_until_the_last_grace_is_over() -> None:
    license_ = License.of([term(1, "active"), term(2, "grace", year=1)])
    assert license_ is not None
    assert license_.usable_until == START + timedelta(days=2 * 365 + 14)


def test_another_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="block, percent:N or allow"):
        overage_seats("some", 10)

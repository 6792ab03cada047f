"""The dashboard's figures: totals, cards, meters and renewals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_console.clients.reporting import ProductFigures
from usher_console.views.licenses import LicenseDashboard, delay, license_dashboard
from usher_console.views.meter import LEAST_VISIBLE, capacity_meter
from usher_console.views.product_card import product_card
from usher_console.views.wording import NOTHING

from . import story


def totals(shown: LicenseDashboard) -> dict[str, str]:
    return {line.label: line.value for line in shown.totals}


def test_totals_count_seats_once_for_each_product_and_leave_combined_out() -> None:
    assert totals(license_dashboard(story.dashboard(), story.NAMES)) == {
        "Total Licensed": "1,850",
        "Currently Assigned": "1,737",
        "Available": "113",
        "Usage Percentage": "93.89%",
        "Waiting": "68",
        "License Utilization": "72.71%",
    }


def test_usage_leaves_out_those_who_draw_on_a_pool_above() -> None:
    shown = license_dashboard(story.dashboard(story.figures("learn"), story.shared("observe")), story.NAMES)
    assert totals(shown)["Usage Percentage"] == "90.89%"
    assert totals(shown)["Currently Assigned"] == "1,341"


def test_all_products_of_an_ancestors_pool_have_no_totals_here() -> None:
    shown = totals(license_dashboard(story.dashboard(story.shared("learn")), story.NAMES))
    assert (shown["Total Licensed"], shown["Available"], shown["Usage Percentage"]) == (NOTHING, NOTHING, NOTHING)


def test_a_card_shows_the_words_that_administrators_know() -> None:
    card = product_card(story.full(), story.NOW, {})
    assert (card.usage.label, card.usage.value) == ("Usage Percentage", "100.00%")
    assert [(line.label, line.value) for line in card.numbers] == [
        ("Total Licensed", "610"),
        ("Currently Assigned", "610"),
        ("Available", "0"),
    ]
    assert [(line.label, line.value) for line in card.rows] == [
        ("Waiting", "68 people"),
        ("Ends", "Feb 14, 2027 · in 75 days"),
    ]
    assert [(line.label, line.value) for line in card.activity] == [
        ("Active", "402"),
        ("Inactive", "121"),
        ("Never used", "87"),
    ]


def test_a_card_of_a_shared_pool_shows_what_is_held_here_and_the_whole_pools_figures() -> None:
    card = product_card(story.shared("learn"), story.NOW, story.NAMES)
    assert (card.usage.label, card.usage.value) == ("Currently Assigned here", "214")
    assert [line.value for line in card.numbers] == ["1,240", "1,127", "113"]
    assert "Springfield District" in card.note


def test_combined_of_shared_pools_shows_who_is_seated_here_alone() -> None:
    card = product_card(story.shared_combined(), story.NOW, {})
    assert (card.usage.value, card.meter, card.numbers) == ("180", None, [])


def test_combined_has_no_line_of_its_own() -> None:
    card = product_card(story.combined(waitlisted=30), story.NOW, {})
    assert card.meter is not None
    assert [part.kind for part in card.meter.parts] == ["seated"]
    assert "waiting" not in card.meter_text


def test_a_license_that_has_ended_says_so_without_days() -> None:
    card = product_card(story.figures("learn", license_state="expired", ends_at=story.NOW), story.NOW, {})
    assert ("Ended", "Dec 1, 2026") in [(line.label, line.value) for line in card.rows]


@pytest.mark.parametrize(
    ("changes", "label", "tone"),
    [
        ({"license_state": "active"}, "Active", "good"),
        ({"license_state": "grace"}, "Grace period", "care"),
        ({"license_state": "expired"}, "Expired", "stop"),
        ({"license_state": "expiring", "over_allocated": True}, "Over-allocated", "stop"),
        ({"license_state": None}, "Not licensed", "plain"),
        ({"license_state": "of the future"}, "Of the future", "plain"),
    ],
)
def test_a_cards_state(changes: dict[str, object], label: str, tone: str) -> None:
    badge = product_card(story.figures("learn", **changes), story.NOW, {}).state
    assert (badge.label, badge.tone) == (label, tone)


def test_products_keep_the_order_of_the_catalogue_and_combined_comes_last() -> None:
    given_order = [story.combined(), story.figures("zoom", name="Zoom"), story.figures("learn")]
    shown = license_dashboard(story.dashboard(*given_order), {})
    assert [card.name for card in shown.cards] == ["Zoom", "Learn", "Combined"]


def test_without_any_license_the_page_says_how_to_begin() -> None:
    nothing = ProductFigures(product="learn", total_licensed=0, available=0)
    shown = license_dashboard(story.dashboard(nothing, renewals=False), {})
    assert shown.empty
    assert shown.headline == "Nothing is licensed yet"


def test_people_who_wait_without_a_license_are_not_nothing() -> None:
    waiting = ProductFigures(product="learn", waitlisted=3)
    assert not license_dashboard(story.dashboard(waiting), {}).empty


def test_waiting_people_stand_beyond_the_mark_where_the_seats_end() -> None:
    meter = capacity_meter(100, 100, waiting=25)
    assert meter.mark == 80
    assert [(part.kind, part.start, part.width) for part in meter.parts] == [("seated", 0, 80), ("waiting", 80, 20)]


def test_an_over_allocated_pool_shows_what_is_beyond() -> None:
    assert [(part.kind, part.width) for part in capacity_meter(80, 100).parts] == [("seated", 80), ("beyond", 20)]


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_meter_stays_within_its_bar(total: int, assigned: int, waiting: int, elsewhere: int) -> None:
    meter = capacity_meter(total, assigned, waiting=waiting, elsewhere=elsewhere)
    assert all(0 <= part.start <= 100 - LEAST_VISIBLE and part.width >= LEAST_VISIBLE for part in meter.parts)
    assert sum(part.width for part in meter.parts) <= 100 + 4 * LEAST_VISIBLE
    assert meter.mark is None or 0 < meter.mark < 100


@pytest.mark.parametrize(("ms", "said"), [(None, ""), (84, "84 ms"), (1_240, "1.2 s")])
def test_the_delay_reads_as_measured(ms: int | None, said: str) -> None:
    assert delay(ms) == said

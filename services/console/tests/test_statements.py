"""What the dashboard says in sentences, and the headline over them."""

import pytest

from usher_console.clients.reporting import ProductFigures
from usher_console.views.licenses import license_dashboard
from usher_console.views.statements import statements, worst

from . import story

CALM = story.figures("learn", license_state="active")


@pytest.mark.parametrize(
    ("what", "products", "said", "tone"),
    [
        ("nothing to say", [CALM], [], "good"),
        (
            "two licenses that end on one day are one sentence",
            [story.figures("learn"), story.figures("observe")],
            ["Learn and Observe end in 75 days, on Feb 14, 2027."],
            "care",
        ),
        ("one license ends", [story.figures("learn")], ["Learn ends in 75 days, on Feb 14, 2027."], "care"),
        (
            "one person waits",
            [story.full(license_state="active", waitlisted=1)],
            ["1 person waits for a seat of Observe."],
            "care",
        ),
        (
            "what stops people goes before what may come to",
            [
                story.full(license_state="active"),
                story.figures("zoom", name="Zoom", license_state="active", over_allocated=True, assigned=1301),
            ],
            [
                "Zoom is over-allocated: 1,301 seats assigned, 1,240 licensed. It takes nobody new.",
                "68 people wait for a seat of Observe.",
            ],
            "stop",
        ),
        (
            "expired with suspended seats",
            [story.figures("learn", license_state="expired", suspended=1)],
            ["Learn expired on Feb 14, 2027; 1 seat is suspended."],
            "stop",
        ),
        (
            "in grace",
            [story.figures("learn", license_state="grace")],
            ["Learn is in its grace period: people keep their seats, nobody new is seated."],
            "care",
        ),
        (
            "overage is in use",
            [story.figures("learn", license_state="active", over_capacity=12)],
            ["Learn holds 12 seats over its capacity, as its overage allows."],
            "care",
        ),
    ],
)
def test_statements(what: str, products: list[ProductFigures], said: list[str], tone: str) -> None:
    found = statements(products, story.NOW)
    assert [statement.text for statement in found] == said, what
    assert worst(found) == tone, what


def test_combined_makes_no_statement_of_its_own() -> None:
    shown = license_dashboard(story.dashboard(CALM, story.combined(waitlisted=5)), {})
    assert shown.headline == "All in order"
    assert [s.text for s in shown.statements] == ["Everyone who needs a seat has one."]

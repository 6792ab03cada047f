"""A seat's card: its state, the answer in words, and what it rests on."""

from datetime import timedelta

from usher_console.clients.entitlements import Explanation
from usher_console.views.seat_card import SeatCard, seat_card

from . import story


def facts(card: SeatCard) -> dict[str, str]:
    return {line.label: line.value for line in card.facts}


def test_somebody_who_waits_sees_where_and_what_would_help() -> None:
    card = seat_card(story.explanations()["observe"], story.seats()[1])
    assert (card.name, card.state.label, card.remedy) == ("Observe", "Waitlisted", "Add 14 more seats of Observe.")
    assert facts(card) == {
        "Position": "14",
        "Waitlisted since": "Nov 28, 2026, 14:03:22 UTC",
        "Reason": "Role granted",
        "Role": "Observable",
        "License": "Expiring, Feb 14, 2026 to Feb 14, 2027",
        "Pool now": "610 of 610 assigned, 68 waiting",
        "Pool then": "610 of 610 assigned, 14 waiting",
        "Trace": "0af7651916cd43dd8448eb211c80319c",
    }


def test_who_waits_sees_since_when_they_want_the_seat() -> None:
    seat = story.seats()[1].model_copy(update={"wanted_since": story.NOW - timedelta(days=9)})
    assert facts(seat_card(story.explanations()["observe"], seat))["Wanted since"].startswith("Nov 22, 2026")


def test_who_never_had_a_seat_still_gets_an_answer() -> None:
    answer = Explanation(product="zoom", code="no_role", words="None of the person's roles calls for zoom.")
    card = seat_card(answer, None, "Zoom")
    assert (card.name, card.state.label) == ("Zoom", "No seat")
    assert card.answer == "None of the person's roles calls for Zoom."
    assert card.facts == []


def test_while_a_change_is_on_its_way_the_old_state_is_not_shown_as_the_new() -> None:
    card = seat_card(story.on_its_way("learn"), story.seats()[0])
    assert (card.state.label, card.pending) == ("Updating", True)


def test_identifiers_read_as_the_names_that_pages_use() -> None:
    words = "None of the person's roles calls for observe; roles that do: observer, org_admin."
    card = seat_card(Explanation(product="observe", code="no_role", words=words), None)
    assert card.answer == (
        "None of the person's roles calls for Observe; roles that do: observer, organization administrator."
    )

"""Who may do what to a transfer, at once over all of them (seats: Transfer)."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.refusals import AlreadyTaken, NotAllowed
from usher_identity.domain.transfers import (
    Card,
    Direction,
    Side,
    Sides,
    Transfer,
    TransferState,
    Verdict,
    check_verdict,
    decided,
    sides_of,
)

AT = datetime(2026, 9, 1, tzinfo=UTC)
FROM, TO, ELSEWHERE = UUID(int=1), UUID(int=2), UUID(int=3)
CARD = Card("ann", "Ann", "ann@x.y", "North")


def transfer(direction: Direction = Direction.WITHIN, side: Side = Side.SOURCE) -> Transfer:
    asked = Transfer(
        UUID(int=9), UUID(int=10), direction, UUID(int=11), FROM, TO, ("learner",), side, "user:1", AT, card=CARD
    )
    return replace(asked, from_org_id=None, user_id=None) if direction == Direction.IN else asked


DIRECTIONS = st.sampled_from([(one, Side.SOURCE) for one in Direction] + [(Direction.WITHIN, Side.TARGET)])
UNITS = st.sets(st.sampled_from([FROM, TO, ELSEWHERE]))


def may(one: Transfer, verdict: Verdict, sides: Sides) -> bool:
    try:
        check_verdict(one, verdict, sides)
    except NotAllowed:
        return False
    return True


@given(DIRECTIONS, UNITS)
def test_the_side_that_asked_withdraws_and_the_other_decides(way: tuple[Direction, Side], units: set[UUID]) -> None:
    one = transfer(*way)
    sides = sides_of(one, units)
    administered = {side for side in Side if one.organization(side) in units}
    assert may(one, Verdict.WITHDRAW, sides) == (one.asked_side in administered)
    for verdict in (Verdict.APPROVE, Verdict.REJECT):
        assert may(one, verdict, sides) == (one.deciding_side in administered)


@given(DIRECTIONS, UNITS)
def test_of_a_transfer_between_tenants_nobody_stands_on_the_other_tenants_side(
    way: tuple[Direction, Side], units: set[UUID]
) -> None:
    sides = sides_of(transfer(*way), units)
    assert not (way[0] == Direction.OUT and sides.target)
    assert not (way[0] == Direction.IN and sides.source)
    assert sides_of(transfer(*way), None).both, "but for a system administrator"


@pytest.mark.parametrize(
    ("state", "verdict"), list(product([s for s in TransferState if s != TransferState.ASKED], Verdict))
)
def test_what_is_decided_is_not_decided_again(state: TransferState, verdict: Verdict) -> None:
    ended = decided(transfer(), state, "user:2", AT, None)
    with pytest.raises(AlreadyTaken, match=f"{state} already"):
        check_verdict(ended, verdict, Sides(source=True, target=True))


@given(DIRECTIONS, st.booleans(), st.booleans(), st.sampled_from(TransferState))
def test_a_person_shows_to_who_has_them_or_was_asked_to_take_them(
    way: tuple[Direction, Side], source: bool, target: bool, state: TransferState
) -> None:
    one = replace(transfer(*way), state=state)
    hidden = not one.shows_person_to(Sides(source, target))
    assert hidden == (not source and way[1] == Side.TARGET and state != TransferState.APPROVED)


@pytest.mark.parametrize("state", [s for s in TransferState if s != TransferState.ASKED])
def test_what_was_carried_goes_with_every_end(state: TransferState) -> None:
    assert decided(transfer(Direction.IN), state, None, AT, None).card is None

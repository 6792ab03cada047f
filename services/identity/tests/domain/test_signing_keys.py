"""Signing keys: a rotation refuses nobody."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from usher_identity.domain.signing_keys import KEPT_AFTER, KeyTimes, plan, signing

START = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = timedelta(days=30)


def carried_out(keys: list[KeyTimes], at: datetime) -> list[KeyTimes]:
    due = plan(keys, PERIOD, at)
    made = [KeyTimes(f"{at.isoformat()}/{number}", signs) for number, signs in enumerate(due.create)]
    return [key for key in keys if key.id not in due.remove] + made


def test_at_first_one_signs_and_the_next_is_published() -> None:
    keys = carried_out([], START)
    assert [key.signs_from for key in keys] == [START, START + PERIOD]
    assert signing(keys, START) == keys[0]


@example([720, 720, 720, 720])
@given(st.lists(st.integers(1, 60 * 24), min_size=1, max_size=40))
def test_whoever_signs_was_published_before_and_stays_until_its_tokens_have_expired(hours: list[int]) -> None:
    at, keys = START, carried_out([], START)
    for more in hours:
        before, at = keys, at + timedelta(hours=more)
        assert signing(before, at) in before
        keys = carried_out(before, at)
        assert signing(keys, at) == signing(before, at), "a new key never signs at once"
        assert signing(before, at - KEPT_AFTER / 2) in keys, "a token of some hours ago can still be checked"
        assert any(key.signs_from > at for key in keys), "the next one is published ahead"
        assert len(keys) <= 4


def test_a_clock_set_back_before_all_keys_still_signs() -> None:
    keys = carried_out([], START)
    assert signing(keys, START - PERIOD) == keys[0]

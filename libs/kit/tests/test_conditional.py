"""Conditional writes: which If-Match lets a change be (RFC 9110, If-Match)."""

import pytest
from pydantic import BaseModel

from usher_kit.conditional import Stale, check_match, content_tag, etag
from usher_kit.errors import Invalid


@pytest.mark.parametrize(
    ("if_match", "outcome"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"7.2"', None),
        ('"7"', None),
        ('"1", "7"', None),
        ('"1" ,"7.2"', None),
        ('"6"', Stale),
        ('"2"', Stale),
        ('"1", "2"', Stale),
        ('""', Stale),
        ('W/"7"', Stale),  # a weak tag names no one state
        ("7", Invalid),
        ("", Invalid),
        ('"7" "8"', Invalid),
        ('*, "7"', Invalid),
    ],
)
def test_a_change_is_based_on_the_state_there_is(if_match: str | None, outcome: type[Exception] | None) -> None:
    tags = (etag(7, 2), etag(7))
    if outcome is None:
        check_match(if_match, *tags)
    else:
        with pytest.raises(outcome) as refused:
            check_match(if_match, *tags)
        assert '"7.2"' in str(refused.value)


def test_what_has_no_version_is_named_by_what_it_says() -> None:
    class Setting(BaseModel):
        days: int | None

    assert content_tag(Setting(days=3)) == content_tag(Setting(days=3)) != content_tag(Setting(days=None))
    check_match(content_tag(Setting(days=3)), content_tag(Setting(days=3)))

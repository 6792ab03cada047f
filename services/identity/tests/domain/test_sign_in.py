"""Codes and refresh tokens: good once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from usher_identity.domain.sign_in import REUSE_LEEWAY, RefreshToken

START = datetime(2026, 9, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TOKEN = RefreshToken(
    UUID(int=1), "hash", UUID(int=2), UUID(int=3), "console", "openid", START, START + timedelta(hours=12)
)


def test_a_refresh_token_is_good_until_it_expires() -> None:
    assert TOKEN.is_usable(START)
    assert not TOKEN.is_usable(TOKEN.expires_at)


def test_two_requests_at_once_are_no_theft_but_a_later_one_is() -> None:
    used = replace(TOKEN, used_at=START)
    assert used.is_usable(START + REUSE_LEEWAY)
    assert used.is_replayed(START + REUSE_LEEWAY + SECOND)
    assert not used.is_usable(START + REUSE_LEEWAY + SECOND)

"""Versions and the epoch of a database: a restored one is never taken for old (messages: The state-carrying rule)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usher_contracts.envelope import VERSION_LIMIT
from usher_kit.database import Database
from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE, LAST_EPOCH, epoch_of, in_epoch

from .conftest import TENANT

EPOCHS = st.integers(0, LAST_EPOCH)


@given(old=EPOCHS, new=EPOCHS, count=st.integers(1, EPOCH_SIZE - 1))
def test_a_count_goes_on_in_another_epoch_and_a_later_epoch_outranks_all_before(old: int, new: int, count: int) -> None:
    version = in_epoch(old * EPOCH_SIZE + count, new)
    assert (version // EPOCH_SIZE, version % EPOCH_SIZE) == (new, count)
    assert version < VERSION_LIMIT
    assert (version > old * EPOCH_SIZE + EPOCH_SIZE - 1) == (new > old)


def owner_url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


async def epoch(database: Database) -> int:
    async with database.transaction([TENANT]) as conn:
        return epoch_of(conn)


async def test_an_epoch_is_the_databases_and_is_raised_for_the_very_next_transaction(database: Database) -> None:
    assert await epoch(database) == 0
    assert await raise_epoch(owner_url(database)) == 1
    assert await epoch(database) == 1
    assert await raise_epoch(owner_url(database), above=7) == 8
    assert await raise_epoch(owner_url(database), above=3) == 9
    assert await epoch(database) == 9


async def test_there_is_an_end_of_epochs(database: Database) -> None:
    assert await raise_epoch(owner_url(database), above=LAST_EPOCH - 1) == LAST_EPOCH
    with pytest.raises(ValueError, match="beyond the last"):
        await raise_epoch(owner_url(database))
    assert await epoch(database) == LAST_EPOCH


async def test_a_service_cannot_raise_its_own_epoch(database: Database) -> None:
    for act in ("update epoch set number = 5", "insert into epoch (number) values (5)", "delete from epoch"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.transaction([TENANT]) as conn:
                await conn.execute(text(act))

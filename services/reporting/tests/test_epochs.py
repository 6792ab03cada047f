"""Entitlements restored from a backup: its news outranks all before, and what the backup undid is void (messages)."""

import random

import pytest

from usher_contracts.entitlements import SeatChanged, SeatState
from usher_contracts.envelope import Event
from usher_kit.versions import EPOCH_SIZE

from .conftest import Ask
from .story import ANN, BOB, Reporting, activity, day, person, pool, seat, tree

TAKEN: tuple[SeatState, SeatState] = ("assigned", "released")


def v(epoch: int, count: int) -> int:
    return epoch * EPOCH_SIZE + count


def line(version: int, previous: int) -> Event[SeatChanged]:
    """Odd counts take the seat, even ones lose it."""
    state, other = TAKEN if version % EPOCH_SIZE % 2 else TAKEN[::-1]
    return seat(ANN, state, came_from=other if previous else "none", at=day(0), version=version, previous=previous)


def epoch_of_lines(epoch: int, first: int, last: int, previous: int) -> list[Event[SeatChanged]]:
    """A seat's versions `first` to `last` of an epoch, the first going on from `previous`."""
    lines = [line(v(epoch, first), previous)]
    return [*lines, *(line(v(epoch, count), v(epoch, count - 1)) for count in range(first + 1, last + 1))]


async def void(reporting: Reporting) -> list[tuple[int, int]]:
    """The void lines, as (epoch, count)."""
    rows = await reporting.rows("select version from claim where is_void order by version")
    return [divmod(row.version, EPOCH_SIZE) for row in rows]


STORIES = {
    "a backup of version 3": (
        [*epoch_of_lines(0, 1, 5, 0), *epoch_of_lines(1, 4, 6, 3)],
        [(0, 4), (0, 5)],
    ),
    "nothing was lost": ([*epoch_of_lines(0, 1, 3, 0), *epoch_of_lines(1, 4, 5, 3)], []),
    "the seat was made after the backup": (
        [*epoch_of_lines(0, 1, 2, 0), *epoch_of_lines(1, 1, 1, 0)],
        [(0, 1), (0, 2)],
    ),
    "restored twice, each time from the latest backup": (
        [*epoch_of_lines(0, 1, 4, 0), *epoch_of_lines(1, 3, 6, 2), *epoch_of_lines(2, 5, 5, v(1, 4))],
        [(0, 3), (0, 4), (1, 5), (1, 6)],
    ),
    "restored again from a backup that the first restore had passed over": (
        [*epoch_of_lines(0, 1, 6, 0), *epoch_of_lines(1, 3, 4, 2), *epoch_of_lines(2, 6, 7, 5)],
        [(0, 6), (1, 3), (1, 4)],
    ),
    "an epoch in which nothing was told of the seat": (
        [*epoch_of_lines(0, 1, 3, 0), *epoch_of_lines(3, 3, 3, 2)],
        [(0, 3)],
    ),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "one by one"])
async def test_what_does_not_lead_to_the_current_version_is_void(
    reporting: Reporting, story: str, at_once: bool
) -> None:
    told, expected = STORIES[story]
    orders = [told, told[::-1]] + [random.Random(seed).sample(told, len(told)) for seed in range(3)]
    await reporting.hear(*tree(), person(ANN), pool())
    for order in orders:
        async with reporting.database.transaction(await reporting.database.all_tenants()) as conn:
            for table in ("claim", "seat", "headcount"):
                await conn.exec_driver_sql(f"delete from {table}")
        for batch in [order] if at_once else [[event] for event in order]:
            await reporting.hear(*batch)
        assert await void(reporting) == expected, story
        found = await reporting.examine()
        assert (found["claims"], found["claims_void"]) == (len(told) - len(expected), len(expected))
        assert (found["claims_missing"], found["headcount_wrong"]) == (0, 0)
        assert found["entered"] - found["left"] == found["held"], story


async def test_lines_below_a_link_that_has_not_arrived_are_not_judged_before(reporting: Reporting) -> None:
    old, new = epoch_of_lines(0, 1, 4, 0), epoch_of_lines(1, 3, 5, 2)
    await reporting.hear(*tree(), *old, *new[1:])
    assert await void(reporting) == []
    assert (await reporting.examine())["claims_missing"] == 1
    await reporting.hear(new[0])
    assert await void(reporting) == [(0, 3), (0, 4)]
    await reporting.hear(*old)
    assert await void(reporting) == [(0, 3), (0, 4)]


async def test_a_seat_and_its_activity_follow_their_restored_owners(reporting: Reporting) -> None:
    await reporting.hear(*tree(), person(ANN), seat(ANN, version=8), activity(ANN, "active", version=6))
    await reporting.hear(seat(ANN, "released", came_from="assigned", version=v(1, 3), previous=2))
    await reporting.hear(activity(ANN, "inactive", version=v(2, 1)), seat(ANN, version=9), activity(ANN, version=7))
    [row] = await reporting.rows("select state, activity from seat")
    assert (row.state, row.activity) == ("released", "inactive")


async def test_a_void_claim_is_shown_as_what_it_is(district: Reporting, get: Ask) -> None:
    await district.hear(*epoch_of_lines(0, 1, 3, 0), *epoch_of_lines(1, 2, 2, 1), seat(BOB, at=day(-1)))
    shown = (await get("/v1/claims"))["items"]
    assert [(one["version"], one["is_void"]) for one in shown if one["user_id"] == str(ANN)] == [
        (v(1, 2), False),
        (v(0, 3), True),
        (v(0, 2), True),
        (v(0, 1), False),
    ]

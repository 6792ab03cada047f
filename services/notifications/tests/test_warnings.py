"""Warnings of a reclaim: each mailed once, while it is true, with a link by which its holder keeps the seat."""

import random
import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from usher_kit.links import SeatLink, read
from usher_notifications.domain.timing import HOLD, HOLD_OF_MANY, MANY

from .conftest import SECRET
from .story import ANN, BOB, DISTRICT, START, Notifications, activity, day, person, profile, seat, the_district
from .test_notices import to, words

DUE = day(20).replace(hour=0)


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district(), seat(ANN, "assigned", product="learn"))


async def test_who_is_warned_gets_a_link_that_keeps_the_seat(notifications: Notifications) -> None:
    await notifications.hear(activity(due=DUE, login=day(-40)))
    await notifications.after_the_hold()
    assert notifications.mail.recipients == ["ann@springfield.example"]
    mail = to(notifications, "ann@")
    assert mail["Subject"] == "Do you still need your Learn seat?"
    assert "have not signed in since January 21, 2026" in words(mail)
    assert "On March 22, 2026 it will be taken back" in words(mail)
    [address] = re.findall(r"https://usher\.example/keep/(\S+)", words(mail))
    assert address in words(mail, "html")
    link = SeatLink(DISTRICT, ANN, "learn")
    assert read(address, SECRET, DUE + timedelta(days=7)) == link


async def test_who_never_came_is_told_so(notifications: Notifications) -> None:
    await notifications.hear(activity(due=DUE))
    await notifications.after_the_hold()
    assert "have not used it yet" in words(to(notifications, "ann@"))


async def test_one_warning_is_mailed_once_and_another_again(notifications: Notifications) -> None:
    await notifications.hear(activity(due=DUE), activity(due=DUE))
    await notifications.hear(activity(due=DUE + timedelta(days=1), version=3))
    await notifications.after_the_hold()
    await notifications.hear(activity(version=4))
    await notifications.hear(activity(due=DUE + timedelta(days=9), warned=day(1), version=5))
    await notifications.reach(day(1) + HOLD)
    assert [(kind, status) for kind, status, *_ in await notifications.deliveries()] == [
        ("reclaim_warning", "sent")
    ] * 2
    assert "On March 31, 2026" in words(notifications.mail.taken[-1])


@pytest.mark.parametrize(
    ("story", "then"),
    [
        ("she came, or kept it", activity(version=3)),
        ("it was taken back already", seat(ANN, "released", product="learn", version=2)),
        ("it is suspended", seat(ANN, "suspended", product="learn", version=2)),
    ],
)
async def test_what_is_true_no_longer_is_not_mailed(notifications: Notifications, story: str, then: object) -> None:
    await notifications.hear(activity(due=DUE))
    await notifications.hear(then)  # type: ignore[arg-type]
    await notifications.after_the_hold()
    assert await notifications.deliveries() == [("reclaim_warning", "dropped", "no_longer_true", 0)], story


async def test_a_warning_that_another_has_overtaken_is_not_mailed(notifications: Notifications) -> None:
    await notifications.hear(activity(due=DUE))
    await notifications.hear(activity(due=DUE, warned=START + timedelta(seconds=5), version=3))
    await notifications.after_the_hold()
    assert [status for _, status, *_ in await notifications.deliveries()] == ["dropped", "sent"]


@pytest.mark.parametrize(("due", "warned"), [(START, START - timedelta(hours=1)), (DUE, day(-6))])
async def test_nobody_is_warned_too_late(notifications: Notifications, due: datetime, warned: datetime) -> None:
    await notifications.hear(activity(due=due, warned=warned))
    await notifications.after_the_hold()
    assert notifications.mail.taken == []


async def test_the_seats_own_fact_may_be_late(notifications: Notifications) -> None:
    await notifications.hear(activity(BOB, due=DUE))
    await notifications.after_the_hold()
    assert notifications.mail.recipients == ["bob@springfield.example"]


async def test_nothing_is_kept_of_seats_of_which_no_reclaim_was_ever_in_sight(notifications: Notifications) -> None:
    await notifications.hear(activity(version=1))
    assert await notifications.rows("select 1 from seat_activity") == []


@pytest.mark.parametrize("seed", range(4))
async def test_the_last_version_decides_whatever_comes_when(notifications: Notifications, seed: int) -> None:
    facts = [activity(version=1), activity(due=DUE, version=2), activity(version=3)] * 2
    random.Random(seed).shuffle(facts)
    for fact in facts:
        await notifications.hear(fact)
    await notifications.after_the_hold()
    assert notifications.mail.taken == []
    assert await notifications.dead() == 0


async def test_warnings_of_many_wait_for_how_it_ends(notifications: Notifications) -> None:
    people = [UUID(int=1_000 + number) for number in range(MANY)]
    await notifications.hear(*map(person, people), *(profile(one, f"{one.int}@x.example") for one in people))
    await notifications.hear(*(activity(one, due=DUE) for one in people))
    await notifications.after_the_hold()
    assert notifications.mail.taken == []
    await notifications.reach(START + HOLD_OF_MANY)
    assert len(notifications.mail.taken) == MANY

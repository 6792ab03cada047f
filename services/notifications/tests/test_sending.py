"""Sending to a server that is away, slow, busy or strict; by senders that run side by side or die."""

import asyncio
from datetime import timedelta

import pytest

from usher_notifications.domain.timing import HOLD
from usher_notifications.sending import LEASE, claim, send_what_is_due

from .story import ANN, BOB, SOUTH, START, Notifications, day, profile, seat, the_district


@pytest.fixture(autouse=True)
async def waiting(notifications: Notifications) -> None:
    """Ann waits, at a school without administrators; her notice is due."""
    await notifications.hear(*the_district()[:5], profile(ANN, "ann@springfield.example"), seat(ANN))
    notifications.clock.move_to(START + HOLD)


async def test_a_server_that_is_away_is_tried_again_and_stops_nothing_else(notifications: Notifications) -> None:
    await notifications.mail.stop()
    assert not await send_what_is_due(notifications.runtime), "no hurry while the server is away"
    assert await notifications.deliveries() == [("waitlisted", "pending", "server_away", 1)]
    await notifications.hear(seat(BOB, org=SOUTH))
    await notifications.reach(START + timedelta(minutes=2))
    assert await notifications.deliveries() == [
        ("waitlisted", "pending", "server_away", 2),
        ("waitlisted", "pending", "no_address", 1),
    ]
    await notifications.mail.start()
    await notifications.reach(START + timedelta(minutes=5))
    assert notifications.mail.recipients == ["ann@springfield.example"]
    assert (await notifications.deliveries())[0] == ("waitlisted", "sent", None, 3)


async def test_a_server_that_stays_away_for_too_long_is_a_failure(notifications: Notifications) -> None:
    await notifications.mail.stop()
    for hour in range(50):
        await notifications.reach(START + timedelta(hours=hour))
    [(_, status, reason, _)] = await notifications.deliveries()
    assert (status, reason) == ("failed", "server_away")
    await notifications.mail.start()
    await notifications.reach(day(3))
    assert notifications.mail.taken == []


async def test_a_server_that_goes_away_in_between_leaves_the_rest_for_later(notifications: Notifications) -> None:
    await notifications.hear(profile(BOB, "bob@springfield.example"), seat(BOB, org=SOUTH))
    notifications.clock.move_to(START + timedelta(minutes=2))
    notifications.mail.answer = "421 closing"
    await send_what_is_due(notifications.runtime)
    assert {(status, attempts) for _, status, _, attempts in await notifications.deliveries()} == {("pending", 1)}
    notifications.mail.answer = "250 OK"
    await notifications.reach(START + timedelta(minutes=5))
    assert notifications.mail.recipients == ["ann@springfield.example", "bob@springfield.example"]


@pytest.mark.parametrize(
    ("to_recipient", "answer", "status", "reason"),
    [
        ("550 no such person", "250 OK", "failed", "refused"),
        ("250 OK", "554 not this", "failed", "refused"),
        ("450 greylisted", "250 OK", "pending", "server_busy"),
        ("250 OK", "452 full", "pending", "server_busy"),
    ],
)
async def test_what_the_server_says_of_one_mail(
    notifications: Notifications, to_recipient: str, answer: str, status: str, reason: str
) -> None:
    notifications.mail.to_recipient, notifications.mail.answer = to_recipient, answer
    await notifications.reach(notifications.clock.now())
    assert await notifications.deliveries() == [("waitlisted", status, reason, 1)]


async def test_two_senders_send_once(notifications: Notifications) -> None:
    notifications.mail.slow = asyncio.Event()
    first = asyncio.create_task(send_what_is_due(notifications.runtime))
    async with asyncio.timeout(10):
        while not await notifications.rows("select 1 from delivery where leased_until is not null"):
            await asyncio.sleep(0.01)
    assert not await send_what_is_due(notifications.runtime), "the other one finds nothing to do"
    notifications.mail.slow.set()
    await first
    assert notifications.mail.recipients == ["ann@springfield.example"]


async def test_senders_side_by_side_send_each_mail_once(notifications: Notifications) -> None:
    await notifications.hear(*the_district())
    await notifications.hear(seat(BOB, org=SOUTH), seat(ANN, product="learn"))
    notifications.clock.move_to(START + timedelta(minutes=2))
    await asyncio.gather(*(send_what_is_due(notifications.runtime) for _ in range(4)))
    ids = [mail["Message-ID"] for mail in notifications.mail.taken]
    assert len(ids) == len(set(ids)) == 5
    assert {status for _, status, _, _ in await notifications.deliveries()} == {"sent"}


async def test_what_a_dead_sender_held_is_sent_by_another(notifications: Notifications) -> None:
    await claim(notifications.runtime)
    await notifications.reach(notifications.clock.now() + LEASE - timedelta(seconds=1))
    assert notifications.mail.taken == []
    await notifications.reach(notifications.clock.now() + timedelta(seconds=1))
    assert notifications.mail.recipients == ["ann@springfield.example"]
    assert await notifications.deliveries() == [("waitlisted", "sent", None, 1)]

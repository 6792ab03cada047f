"""Held changes by mail: told once to who decides, as long as there is something to decide (seats)."""

from itertools import permutations

import pytest

from usher_contracts.envelope import OPERATORS_TENANT

from .decisions import CHANGE_SET, change_set
from .story import (
    ADMIN,
    ELSEWHERE,
    NORTH,
    PRINCIPAL,
    STRANGER,
    Notifications,
    day,
    person,
    the_district,
)
from .test_license_requests import ADMINISTRATORS, OPERATOR, in_time, words


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district())


async def test_administrators_are_told_what_would_be_lost_and_how_to_decide(notifications: Notifications) -> None:
    await notifications.hear(change_set())
    assert await in_time(notifications) == ADMINISTRATORS
    for mail in notifications.mail.taken:
        assert mail["Subject"] == "Changes to the people of North School wait for your decision"
        for form in ("plain", "html"):
            text = words(mail, form).replace("<strong>", "").replace("</strong>", "")
            for said in ("sis", "210 of 640 people", "17", "20 %", f"/users?org_id={NORTH}"):
                assert said in text, (form, said)
            for command in ("show", "approve", "reject"):
                assert f"usher held {command} {CHANGE_SET}" in text


async def test_a_set_is_told_once_however_it_grows_and_however_often_it_comes(notifications: Notifications) -> None:
    await notifications.hear(change_set())
    await notifications.reach(notifications.clock.now())
    await notifications.hear(change_set(deactivate=300, version=2))
    assert await in_time(notifications) == ADMINISTRATORS
    assert all("300 of 640 people" in words(mail) for mail in notifications.mail.taken), "as it is when it is sent"
    for version in (2, 3):
        await notifications.hear(change_set(deactivate=310, version=version))
        await in_time(notifications)
    await notifications.reach(day(1))
    assert len(notifications.mail.taken) == len(ADMINISTRATORS)


@pytest.mark.parametrize("status", ["approved", "rejected"])
async def test_what_is_decided_within_the_hold_is_not_told(notifications: Notifications, status: str) -> None:
    await notifications.hear(change_set())
    await notifications.reach(notifications.clock.now())
    await notifications.hear(change_set("approved" if status == "approved" else "rejected", version=2))
    assert await in_time(notifications) == []
    assert {one[:3] for one in await notifications.deliveries()} == {("changes_held", "dropped", "no_longer_true")}


async def test_once_it_is_decided_nothing_more_is_sent_in_whatever_order_it_is_heard(
    notifications: Notifications,
) -> None:
    facts = [change_set(), change_set(version=2), change_set("rejected", version=3)]
    for order in permutations(facts):
        for fact in order:
            await notifications.hear(fact)
    assert await in_time(notifications) == []
    assert await notifications.deliveries() == []


async def test_where_nobody_administers_system_administrators_are_told(notifications: Notifications) -> None:
    await notifications.hear(
        person(ADMIN, role="learner", version=2),
        person(PRINCIPAL, role="org_admin", status="archived", version=2),
        change_set(),
    )
    assert await in_time(notifications) == [OPERATOR]


async def test_history_mails_nobody(notifications: Notifications) -> None:
    notifications.clock.move_to(day(8))
    await notifications.hear(change_set())
    assert await in_time(notifications) == []


async def test_another_tenants_set_is_told_to_its_own_administrators_alone(notifications: Notifications) -> None:
    await notifications.hear(change_set(org=ELSEWHERE, tenant=ELSEWHERE))
    assert await in_time(notifications) == ["stranger@elsewhere.example"]
    assert [row.recipient for row in await notifications.rows("select recipient from delivery")] == [STRANGER]
    assert await notifications.rows("select 1 from delivery", [OPERATORS_TENANT]) == []

"""Transfers by mail: to who decides when asked, to who asked when answered, each tenant's alone (seats: Transfer)."""

import pytest

from usher_contracts.envelope import OPERATORS_TENANT

from .decisions import TRANSFER, TransferStatus, coming, leaving, transfer
from .story import (
    ADMIN,
    BOB,
    NORTH,
    PRINCIPAL,
    Notifications,
    day,
    person,
    profile,
    the_district,
)
from .test_license_requests import ADMINISTRATORS, OPERATOR, in_time, words

ADMIN_MAIL, STRANGER_MAIL = "admin@springfield.example", "stranger@elsewhere.example"


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district(), profile(BOB, "bob@springfield.example", name="Bob Ray", version=2))


async def test_who_decides_is_told_who_is_to_come_and_how_to_decide(notifications: Notifications) -> None:
    await notifications.hear(transfer())
    assert await in_time(notifications) == ADMINISTRATORS
    for mail in notifications.mail.taken:
        assert mail["Subject"] == "Somebody asks for a transfer to North School"
        for form in ("plain", "html"):
            assert "Bob Ray" in words(mail, form)
            assert f"/users?org_id={NORTH}" in words(mail, form)
            for command in ("show", "approve", "reject"):
                assert f"usher transfers {command} {TRANSFER}" in words(mail, form)


async def test_who_has_the_person_is_told_that_they_are_wanted_elsewhere(notifications: Notifications) -> None:
    await notifications.hear(transfer(by=NORTH))
    assert await in_time(notifications) == [ADMIN_MAIL]
    [mail] = notifications.mail.taken
    assert mail["Subject"] == "Somebody asks for a transfer from South School"
    assert "asks for Bob Ray of South School" in words(mail)


@pytest.mark.parametrize(("status", "said"), [("approved", "approved, and is done"), ("rejected", "they stay where")])
async def test_who_asked_is_told_the_answer(notifications: Notifications, status: TransferStatus, said: str) -> None:
    await notifications.hear(transfer(status, version=2))
    assert await in_time(notifications) == [ADMIN_MAIL]
    [mail] = notifications.mail.taken
    assert mail["Subject"] == f"The transfer that South School asked for was {status}"
    for form in ("plain", "html"):
        assert said in words(mail, form)
        assert "Bob Ray" in words(mail, form)


@pytest.mark.parametrize(("status", "is_named"), [("approved", True), ("rejected", False)])
async def test_who_asked_for_a_person_of_others_is_told_their_name_once_they_have_them(
    notifications: Notifications, status: TransferStatus, is_named: bool
) -> None:
    await notifications.hear(transfer(status, by=NORTH, version=2))
    assert await in_time(notifications) == ADMINISTRATORS
    for mail in notifications.mail.taken:
        for form in ("plain", "html"):
            assert ("Bob Ray" in words(mail, form)) == is_named


@pytest.mark.parametrize("status", ["withdrawn", "lapsed"])
async def test_what_is_over_before_it_was_told_is_not_told(
    notifications: Notifications, status: TransferStatus
) -> None:
    await notifications.hear(transfer())
    await notifications.reach(notifications.clock.now())
    await notifications.hear(transfer(status, version=2))
    assert await in_time(notifications) == []
    assert {one[:3] for one in await notifications.deliveries()} == {("transfer_asked", "dropped", "no_longer_true")}


async def test_each_version_is_told_once_however_often_and_in_what_order_it_comes(
    notifications: Notifications,
) -> None:
    await notifications.hear(transfer())
    await in_time(notifications)
    for _ in range(2):
        await notifications.hear(transfer("approved", version=2))
        await notifications.hear(transfer())
        await in_time(notifications)
    assert notifications.mail.recipients == sorted([*ADMINISTRATORS, ADMIN_MAIL])


async def test_each_tenant_hears_of_its_own_side_alone(notifications: Notifications) -> None:
    await notifications.hear(coming(), leaving())
    assert await in_time(notifications) == [STRANGER_MAIL]
    [mail] = notifications.mail.taken
    assert "Somebody of another tenant is to come" in words(mail)
    assert "Ann" not in words(mail) + words(mail, "html")
    notifications.mail.taken.clear()
    await notifications.hear(coming("approved", 2), leaving("approved", 2))
    assert await in_time(notifications) == ADMINISTRATORS
    assert all("Ann O'Neill" in words(mail) for mail in notifications.mail.taken)


async def test_where_nobody_can_decide_system_administrators_are_told(notifications: Notifications) -> None:
    await notifications.hear(
        person(ADMIN, role="learner", version=2),
        person(PRINCIPAL, role="org_admin", status="archived", version=2),
        transfer(),
    )
    assert await in_time(notifications) == [OPERATOR]
    assert await notifications.rows("select 1 from delivery", [OPERATORS_TENANT]) == []


async def test_history_mails_nobody(notifications: Notifications) -> None:
    notifications.clock.move_to(day(8))
    await notifications.hear(transfer())
    assert await in_time(notifications) == []

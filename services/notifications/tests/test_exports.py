"""Reports by mail: whom a schedule names is told once that their file is there, and where it is to be had."""

from datetime import datetime
from uuid import UUID

import pytest

from usher_contracts.envelope import Event
from usher_contracts.reporting import ExportReady

from .story import ADMIN, DISTRICT, NORTH, PRINCIPAL, START, Notifications, day, tell, the_district
from .test_license_requests import ADMINISTRATORS, in_time, words

EXPORT = UUID(int=95)
EXPIRY = day(7)


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district())


def ready(*recipients: UUID, expires: datetime = EXPIRY, at: datetime = START) -> Event[ExportReady]:
    fact = ExportReady(
        tenant_id=DISTRICT,
        id=EXPORT,
        org_id=NORTH,
        schedule_id=UUID(int=96),
        report="compliance",
        format="xlsx",
        rows=1_414,
        recipients=recipients,
        expires_at=expires,
    )
    return tell(fact, at)


async def test_the_mail_says_what_it_is_and_leads_to_the_file(notifications: Notifications) -> None:
    await notifications.hear(ready(ADMIN, PRINCIPAL))
    assert await in_time(notifications) == ADMINISTRATORS
    for mail in notifications.mail.taken:
        assert mail["Subject"] == "Compliance of North School to download"
        for form in ("plain", "html"):
            assert "1,414 rows as XLSX" in words(mail, form)
            assert f"https://usher.example/exports/{EXPORT}" in words(mail, form)


async def test_each_is_told_once_however_often_it_comes(notifications: Notifications) -> None:
    await notifications.hear(ready(PRINCIPAL), ready(PRINCIPAL))
    await in_time(notifications)
    await notifications.hear(ready(PRINCIPAL))
    assert len(await in_time(notifications)) == 1
    assert {one[:2] for one in await notifications.deliveries()} == {("export_ready", "sent")}


async def test_a_file_that_is_gone_by_then_and_an_old_one_are_not_told(notifications: Notifications) -> None:
    await notifications.hear(ready(PRINCIPAL, expires=START))
    assert await in_time(notifications) == []
    assert {one[:3] for one in await notifications.deliveries()} == {("export_ready", "dropped", "no_longer_true")}


async def test_history_mails_nobody(notifications: Notifications) -> None:
    notifications.clock.move_to(day(3))
    await notifications.hear(ready(PRINCIPAL, expires=day(9)))
    assert await in_time(notifications) == []
    assert await notifications.deliveries() == []

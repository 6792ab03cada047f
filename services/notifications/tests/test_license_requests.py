"""License requests by mail: to those who sell when asked, to those who asked when answered (guide)."""

from email.message import EmailMessage
from itertools import permutations

import pytest
from pydantic import ValidationError

from usher_contracts.entitlements import RequestState
from usher_contracts.envelope import OPERATORS_TENANT
from usher_notifications.settings import NotificationsSettings

from .decisions import REQUEST, license_request
from .story import (
    DISTRICT,
    STRANGER,
    Notifications,
    day,
    the_district,
)

OPERATOR, REPRESENTATIVE = "operator@usher.example", "rita@seller.example"
ADMINISTRATORS = ["admin@springfield.example", "principal@springfield.example"]


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district())


def words(mail: EmailMessage, form: str = "plain") -> str:
    body = mail.get_body((form,))
    assert body
    return " ".join(str(body.get_content()).split())


async def in_time(notifications: Notifications) -> list[str]:
    """Who has mail once its time has come."""
    await notifications.reach(notifications.clock.now())
    await notifications.after_the_hold()
    return notifications.mail.recipients


async def test_who_sells_is_told_what_is_asked_with_the_figures(notifications: Notifications) -> None:
    await notifications.hear(license_request())
    assert await in_time(notifications) == [OPERATOR, REPRESENTATIVE]
    to_operator, to_rita = sorted(notifications.mail.taken, key=lambda mail: str(mail["To"]))
    assert to_operator["Subject"] == to_rita["Subject"] == "North School asks for 40 more Learn seats"
    assert to_rita["To"] == "Rita Rep <rita@seller.example>"
    for form in ("plain", "html"):
        for said in (
            "Twelve new classes start.", "1,240, until April 1, 2026", "Waiting", "37, of them at North School: 31",
            f"usher licenses answer {REQUEST} granted", "/licenses?org_id=",
        ):  # fmt: skip
            assert said in words(to_rita, form), (form, said)
    assert "Person 202 asks for 40 more Learn seats for North School." in words(to_operator)


async def test_who_asked_is_told_the_answer(notifications: Notifications) -> None:
    verdicts: list[tuple[int, RequestState]] = [(2, "granted"), (3, "declined")]
    for version, state in verdicts:
        notifications.mail.taken.clear()
        await notifications.hear(license_request(state, answer="See you in fall.", version=version))
        assert await in_time(notifications) == ADMINISTRATORS
        for mail in notifications.mail.taken:
            assert mail["Subject"] == f"Your request for 40 more Learn seats was {state}"
            assert "See you in fall." in words(mail)
            assert "See you in fall." in words(mail, "html")


async def test_each_version_is_told_once_however_often_and_in_whatever_order_it_comes(
    notifications: Notifications,
) -> None:
    facts = [license_request(), license_request(seats=50, version=2), license_request("granted", seats=50, version=3)]
    for order in permutations(facts):
        for fact in order:
            await notifications.hear(fact, fact)
    assert await in_time(notifications) == ADMINISTRATORS
    await notifications.hear(*facts)
    await notifications.reach(day(1))
    assert len(notifications.mail.taken) == len(ADMINISTRATORS)


async def test_what_is_asked_otherwise_is_told_again_and_what_is_withdrawn_at_once_is_not(
    notifications: Notifications,
) -> None:
    await notifications.hear(license_request())
    await in_time(notifications)
    await notifications.hear(license_request(seats=50, version=2))
    await in_time(notifications)
    assert [mail["Subject"] for mail in notifications.mail.taken if mail["To"].addresses[0].addr_spec == OPERATOR] == [
        "North School asks for 40 more Learn seats",
        "North School asks for 50 more Learn seats",
    ]
    notifications.mail.taken.clear()
    for version, seats in ((3, 60), (4, 70)):
        await notifications.hear(license_request(seats=seats, version=version))
        await notifications.reach(notifications.clock.now())
    assert await in_time(notifications) == [OPERATOR, REPRESENTATIVE]
    assert {mail["Subject"] for mail in notifications.mail.taken} == {"North School asks for 70 more Learn seats"}
    notifications.mail.taken.clear()
    await notifications.hear(license_request(seats=60, version=5))
    await notifications.reach(notifications.clock.now())
    await notifications.hear(license_request("withdrawn", seats=60, version=6))
    assert await in_time(notifications) == []
    assert ("license_request", "dropped", "no_longer_true", 0) in await notifications.deliveries()


async def test_history_mails_nobody(notifications: Notifications) -> None:
    notifications.clock.move_to(day(8))
    await notifications.hear(license_request())
    assert await in_time(notifications) == []


async def test_another_tenants_administrators_hear_nothing(notifications: Notifications) -> None:
    await notifications.hear(license_request())
    await in_time(notifications)
    await notifications.hear(license_request("granted", version=2))
    await in_time(notifications)
    assert not [address for address in notifications.mail.recipients if "elsewhere" in address]
    told = await notifications.rows("select recipient from delivery", [DISTRICT])
    assert STRANGER not in {row.recipient for row in told}
    assert await notifications.rows("select 1 from delivery", [OPERATORS_TENANT]) == []


async def test_without_a_representative_system_administrators_alone_are_told(notifications: Notifications) -> None:
    settings = notifications.runtime.settings
    await notifications.hear(license_request())
    await notifications.reach(notifications.clock.now())
    alone = settings.model_copy(update={"account_representative": ""})
    object.__setattr__(notifications.runtime, "settings", alone)
    assert await in_time(notifications) == [OPERATOR]
    assert ("license_request", "dropped", "recipient_left", 0) in await notifications.deliveries()
    await notifications.hear(license_request(seats=50, version=2))
    await in_time(notifications)
    assert notifications.mail.recipients == [OPERATOR, OPERATOR]


async def test_an_asker_whose_name_is_not_known_is_not_named(notifications: Notifications) -> None:
    await notifications.hear(license_request(asker=STRANGER))
    await in_time(notifications)
    assert "An administrator asks for 40 more Learn seats" in words(notifications.mail.taken[0])


def test_a_contact_without_an_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="Name <address>"):
        NotificationsSettings(account_representative="Rita Rep", link_secret="x" * 40)

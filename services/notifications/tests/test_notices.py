"""From facts to mail: who is told what, once, while it is true."""

import random
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from usher_contracts.envelope import OPERATORS_TENANT
from usher_notifications.domain.timing import HOLD, HOLD_OF_MANY, MANY

from .story import (
    ADMIN,
    ANN,
    BOB,
    DISTRICT,
    NORTH,
    OPERATOR,
    PRINCIPAL,
    SOUTH,
    START,
    Notifications,
    day,
    license_notice,
    organization,
    person,
    profile,
    seat,
    the_district,
)


@pytest.fixture(autouse=True)
async def district(notifications: Notifications) -> None:
    await notifications.hear(*the_district())


def to(notifications: Notifications, address: str) -> EmailMessage:
    [mail] = [mail for mail in notifications.mail.taken if address in mail["To"]]
    return mail


def words(mail: EmailMessage, form: str = "plain") -> str:
    body = mail.get_body((form,))
    assert body
    return str(body.get_content())


async def test_who_waits_is_told_and_so_are_their_administrators(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    assert notifications.mail.recipients == [
        "admin@springfield.example",
        "ann@springfield.example",
        "principal@springfield.example",
    ]
    mail = to(notifications, "ann@")
    assert mail["Subject"] == "You are on the waiting list for Observe"
    assert "Hello Ann O'Neill," in words(mail)
    assert "North School" in words(mail)
    assert f"https://usher.example/users/{ANN}" in words(mail)
    assert "Hello Ann O&#39;Neill," in words(mail, "html")


async def test_the_headers_that_mail_programs_go_by(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    [delivery] = await notifications.rows("select id from delivery where kind = 'waitlisted'")
    mail = to(notifications, "ann@")
    assert mail["Message-ID"] == f"<{delivery.id}@usher.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == START + HOLD
    assert mail["From"] == "Usher <usher@usher.example>"
    assert mail["To"] == "Ann O'Neill <ann@springfield.example>"
    assert mail.get_content_type() == "multipart/alternative"


async def test_each_delivery_is_told_from_pending_to_sent(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    told = [fact for fact in await notifications.told() if fact.kind == "waitlisted"]
    assert [(fact.status, fact.version, fact.previous_version, fact.attempts) for fact in told] == [
        ("pending", 1, 0, 0),
        ("sent", 2, 1, 1),
    ]
    assert {(fact.recipient, fact.about, fact.org_id) for fact in told} == {(ANN, f"{ANN}/observe", NORTH)}
    causes = await notifications.rows("select attributes::json ->> 'correlationid' as first from outbox")
    assert {row.first for row in causes} == {"the-beginning"}


async def test_a_place_that_is_gone_within_the_hold_is_not_told(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.hear(seat(ANN, "assigned", version=2))
    await notifications.after_the_hold()
    assert notifications.mail.taken == []
    assert {(status, reason) for _, status, reason, _ in await notifications.deliveries()} == {
        ("dropped", "no_longer_true")
    }


async def test_a_fact_ten_times_and_told_again_later_sends_nothing_twice(notifications: Notifications) -> None:
    for _ in range(10):
        await notifications.hear(seat(ANN), license_notice())
    await notifications.after_the_hold()
    taken = len(notifications.mail.taken)
    assert taken == 5
    await notifications.hear(seat(ANN), license_notice(version=9))
    await notifications.reach(day(1))
    assert len(notifications.mail.taken) == taken


@pytest.mark.parametrize("seed", range(3))
async def test_facts_in_any_order_tell_the_same(notifications: Notifications, seed: int) -> None:
    facts = [
        seat(ANN, version=1),
        seat(ANN, "assigned", version=2),
        seat(ANN, version=3),
        seat(BOB, version=1, org=SOUTH),
        seat(BOB, "assigned", version=2, org=SOUTH),
        *the_district(),
    ] * 2
    random.Random(seed).shuffle(facts)
    for fact in facts:
        await notifications.hear(fact)
    await notifications.after_the_hold()
    people = [mail for mail in notifications.mail.taken if mail["X-Usher-Notice"] == "waitlisted"]
    assert {mail["To"].addresses[0].username for mail in people} == {"ann"}
    assert await notifications.dead() == 0


async def test_an_older_fact_that_comes_late_tells_nobody(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN, "assigned", version=2))
    await notifications.hear(seat(ANN, version=1))
    assert await notifications.deliveries() == []


async def test_a_change_while_waiting_is_no_new_notice(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    await notifications.hear(seat(ANN, version=2))
    await notifications.reach(day(1))
    assert notifications.mail.recipients.count("ann@springfield.example") == 1


async def test_nobody_wants_five_hundred_mails(notifications: Notifications) -> None:
    people = [UUID(int=1_000 + number) for number in range(500)]
    await notifications.hear(*(profile(user, f"p{user.int}@springfield.example") for user in people))
    for start in range(0, 500, 100):
        await notifications.hear(*(seat(user) for user in people[start : start + 100]))
    await notifications.reach(START + HOLD_OF_MANY)
    assert notifications.mail.recipients.count("admin@springfield.example") == 1
    digest = to(notifications, "admin@")
    assert digest["Subject"] == "500 people wait for a seat at Springfield District"
    assert "Observe, North School: 500 since March 2, 2026" in words(digest)
    kinds = [kind for kind, *_ in await notifications.deliveries()]
    assert kinds.count("waitlist_digest") == 2, "one for each administrator, and none for later"


async def test_a_digest_names_the_units_where_most_wait(notifications: Notifications) -> None:
    units = [UUID(int=400 + number) for number in range(30)]
    await notifications.hear(*(organization(unit, name=f"School {unit.int}") for unit in units))
    people = [(UUID(int=1_000 + number), units[number % 30]) for number in range(31)]
    await notifications.hear(*(seat(user, org=unit) for user, unit in people))
    await notifications.reach(START + HOLD_OF_MANY)
    digest = words(to(notifications, "admin@"))
    assert digest.index("Observe, School 400: 2 since") < digest.index("Observe, School 401: 1 since")
    assert "School 419" in digest
    assert "School 420" not in digest
    assert "and 10 more at other units" in digest


async def test_administrators_hear_again_within_the_hour_and_not_sooner(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    notifications.mail.taken.clear()
    first = notifications.clock.now()
    await notifications.hear(seat(BOB, org=SOUTH))
    await notifications.reach(first + timedelta(minutes=59))
    assert notifications.mail.recipients == ["bob@springfield.example"]
    await notifications.reach(first + timedelta(hours=1))
    digest = to(notifications, "admin@")
    assert "2 people wait" in digest["Subject"]
    assert "Observe, South School: 1 since" in words(digest)
    assert "principal@springfield.example" not in notifications.mail.recipients, "nobody new waits at North School"


async def test_a_license_near_its_end_is_told_to_operators_and_the_organizations_own(
    notifications: Notifications,
) -> None:
    await notifications.hear(license_notice())
    await notifications.reach(START)
    assert notifications.mail.recipients == ["admin@springfield.example", "operator@usher.example"]
    mail = to(notifications, "operator@")
    assert mail["Subject"] == "The Learn license of Springfield District ends in 30 days"
    assert "1,240 Learn seats ends on April 1, 2026" in " ".join(words(mail).split())
    assert f"https://usher.example/licenses?org_id={DISTRICT}" in words(mail, "html")


async def test_history_mails_nobody(notifications: Notifications) -> None:
    notifications.clock.move_to(day(100))
    await notifications.hear(seat(ANN, since=day(97)), license_notice(at=day(92)))
    await notifications.reach(day(101))
    assert await notifications.deliveries() == []


async def test_a_year_that_passes_at_once_mails_nobody(notifications: Notifications) -> None:
    await notifications.hear(*(seat(UUID(int=1_000 + number)) for number in range(MANY)))
    await notifications.reach(day(365))
    assert notifications.mail.taken == []
    assert {(status, reason) for _, status, reason, _ in await notifications.deliveries()} == {("dropped", "too_late")}


async def test_a_profile_that_comes_later_is_waited_for(notifications: Notifications) -> None:
    late = UUID(int=300)
    await notifications.hear(seat(late))
    await notifications.after_the_hold()
    await notifications.hear(profile(late, "late@springfield.example"))
    await notifications.reach(START + timedelta(minutes=5))
    assert "late@springfield.example" in notifications.mail.recipients


async def test_who_has_no_address_is_not_waited_for_forever(notifications: Notifications) -> None:
    await notifications.hear(profile(ANN, None, version=2), seat(ANN))
    for minute in range(0, 3_000, 20):
        await notifications.reach(START + timedelta(minutes=minute))
    [(status, reason, attempts)] = [
        (status, reason, attempts)
        for kind, status, reason, attempts in await notifications.deliveries()
        if kind == "waitlisted"
    ]
    assert (status, reason) == ("failed", "no_address")
    assert 40 < attempts < 70, "half a minute, doubled up to an hour, for two days"


async def test_a_name_cannot_break_out_of_its_header(notifications: Notifications) -> None:
    await notifications.hear(profile(ANN, "ann@springfield.example", name="Ann\r\nBcc: all@x.example", version=2))
    await notifications.hear(seat(ANN))
    await notifications.after_the_hold()
    mail = to(notifications, "ann@")
    assert mail["Bcc"] is None
    assert mail["To"].addresses[0].display_name == "Ann Bcc: all@x.example"


@pytest.mark.parametrize("address", ["nobody", "a b@c.example", "@c.example", "ä@c.example", "a@c.example\r\nX: 1"])
async def test_an_address_that_is_none_fails_at_once_and_alone(notifications: Notifications, address: str) -> None:
    await notifications.hear(profile(ANN, address, version=2), seat(ANN), seat(BOB, org=SOUTH))
    await notifications.after_the_hold()
    assert "bob@springfield.example" in notifications.mail.recipients
    assert ("waitlisted", "failed", "refused", 1) in await notifications.deliveries()


async def test_who_has_left_is_not_written_to(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN), person(ANN, status="archived", version=2))
    await notifications.after_the_hold()
    assert ("waitlisted", "dropped", "recipient_left", 0) in await notifications.deliveries()


@pytest.mark.parametrize("profile_comes_last", [False, True])
async def test_of_the_deleted_no_personal_data_stays(notifications: Notifications, *, profile_comes_last: bool) -> None:
    news, gone = profile(ANN, "new@springfield.example", version=2), person(ANN, status="deleted", version=2)
    for fact in (gone, news) if profile_comes_last else (news, gone):
        await notifications.hear(fact)
    [row] = await notifications.rows(f"select display_name, email from profile where user_id = '{ANN}'")
    assert tuple(row) == ("", None)


async def test_days_are_those_of_the_organization(notifications: Notifications) -> None:
    far = UUID(int=4)
    await notifications.hear(organization(far, zone="Pacific/Auckland", name="Far School"), person(ANN, far, version=2))
    await notifications.hear(seat(ANN, org=far))
    await notifications.after_the_hold()
    assert "since March 3, 2026" in words(to(notifications, "ann@")).replace("\n", " ")


async def test_another_tenant_hears_nothing(notifications: Notifications) -> None:
    await notifications.hear(seat(ANN), license_notice())
    await notifications.after_the_hold()
    assert not [address for address in notifications.mail.recipients if "elsewhere" in address]
    assert await notifications.rows("select 1 from delivery", [OPERATORS_TENANT]) == []
    assert {ADMIN, PRINCIPAL, OPERATOR, ANN} == {
        row.recipient for row in await notifications.rows("select recipient from delivery")
    }


async def test_what_cannot_be_kept_is_dead_and_its_reason_names_nobody(
    notifications: Notifications, capfd: pytest.CaptureFixture[str]
) -> None:
    await notifications.hear(profile(ANN, "ann@secret.example", name="Ann\x00Secret", version=2))
    assert await notifications.dead() == 1
    [row] = await notifications.rows("select attributes from outbox where routing_key = 'notifications.dead'")
    logged = capfd.readouterr()
    assert "fact.dead" in logged.out + logged.err
    assert "secret" not in (logged.out + logged.err + row.attributes).lower()

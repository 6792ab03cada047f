"""How many came on a day and in a month: the same whatever the order, kept for ever, and told as it changes."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from hypothesis import given
from hypothesis import strategies as st

from usher_contracts.usage import ActivesChanged
from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE
from usher_usage.domain.rollups import Period, Span, Visit, count, presences_of

from .story import ANN, BOB, DISTRICT, ELSEWHERE, NORTH, SETTINGS, SOUTH, START, Usage, day, login, organization

MARCH = date(2026, 3, 1)
ZONES = {NORTH: ZoneInfo("America/Los_Angeles"), SOUTH: ZoneInfo("Asia/Tokyo")}
VISITS = st.builds(
    lambda user, org, hours: Visit(DISTRICT, user, org, START + timedelta(hours=hours), ZONES[org]),
    st.sampled_from([ANN, BOB, UUID(int=103)]),
    st.sampled_from([NORTH, SOUTH]),
    st.integers(min_value=0, max_value=24 * 70),
)


async def figures(usage: Usage) -> dict[tuple[UUID, str, date], tuple[int, int]]:
    rows = await usage.rows("select org_id, period, starts_on, people, logins from actives")
    return {(row.org_id, row.period, row.starts_on): (row.people, row.logins) for row in rows}


async def facts(usage: Usage) -> list[ActivesChanged]:
    rows = await usage.rows("select body from outbox where routing_key = 'usage.actives.changed.v1' order by id")
    return [ActivesChanged.model_validate(orjson.loads(row.body)) for row in rows]


async def test_people_are_counted_once_and_their_logins_each(usage: Usage) -> None:
    await usage.hear(organization(NORTH), login(ANN, day(0)), login(ANN, day(0.1)), login(BOB, day(0)))
    again = login(ANN, day(0))
    await usage.hear(again, login(ANN, day(3)))
    assert await figures(usage) == {
        (NORTH, "day", date(2026, 3, 2)): (2, 3),
        (NORTH, "day", date(2026, 3, 5)): (1, 1),
        (NORTH, "month", MARCH): (2, 4),
    }


async def test_days_are_the_organizations_own(usage: Usage) -> None:
    late = datetime(2026, 3, 31, 23, tzinfo=UTC)
    usage.clock.move_to(day(30))
    await usage.hear(organization(NORTH, zone="America/Los_Angeles"), organization(SOUTH, zone="Asia/Tokyo"))
    await usage.hear(login(ANN, late), login(BOB, late, org=SOUTH))
    days = {org: starts_on for org, period, starts_on in await figures(usage) if period == "day"}
    assert days == {NORTH: date(2026, 3, 31), SOUTH: date(2026, 4, 1)}


@given(visits=st.lists(VISITS, max_size=40), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_whatever_the_batches_the_figures_are_those_of_all_at_once(visits: Sequence[Visit], cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(visits)]
    seen: set[Any] = set()
    sums: dict[Span, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for start, end in pairwise(bounds):
        shown = presences_of(visits[start:end])
        for one in count(shown, shown.keys() - seen):
            people, logins = sums[one.span]
            sums[one.span] = (people + one.people, logins + one.logins)
        seen |= shown.keys()
    assert sums == plainly(visits)


def plainly(visits: Sequence[Visit]) -> dict[Span, tuple[int, int]]:
    """The figures, each counted by itself."""
    found: dict[Span, list[UUID]] = defaultdict(list)
    for visit in visits:
        local = visit.at.astimezone(ZONES[visit.org_id])
        found[Span(DISTRICT, visit.org_id, Period.DAY, local.date())].append(visit.user_id)
        found[Span(DISTRICT, visit.org_id, Period.MONTH, date(local.year, local.month, 1))].append(visit.user_id)
    return {span: (len(set(people)), len(people)) for span, people in found.items()}


async def test_two_workers_at_once_count_a_person_once(usage: Usage) -> None:
    await usage.hear(organization(NORTH))
    await asyncio.gather(*(usage.hear(login(ANN, day(0) + timedelta(minutes=n))) for n in range(8)))
    assert (await figures(usage))[NORTH, "day", date(2026, 3, 2)] == (1, 8)


async def test_what_has_changed_is_told_and_nothing_else(usage: Usage) -> None:
    await usage.hear(
        organization(DISTRICT, None),
        organization(NORTH),
        organization(ELSEWHERE, None, tenant=ELSEWHERE),
        login(ANN, day(0)),
        login(BOB, day(0), org=ELSEWHERE, tenant=ELSEWHERE),
    )
    assert await usage.tell_actives() == 4
    assert await usage.tell_actives() == 0
    usage.clock.move_to(day(1))
    await usage.hear(login(BOB, day(1)))
    assert await usage.tell_actives() == 2
    last = {(fact.period, fact.starts_on): fact for fact in await facts(usage) if fact.org_id == NORTH}
    assert last["month", MARCH].people == 2
    assert last["month", MARCH].version > last["month", MARCH].previous_version > 0
    assert last["day", date(2026, 3, 2)].people == 1
    assert last["day", date(2026, 3, 2)].subject == f"{NORTH}/day/2026-03-02"


async def test_after_a_restore_figures_are_told_above_all_before(usage: Usage, service_database: str) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), login(ANN, day(0)))
    await usage.tell_actives()
    await raise_epoch(service_database)
    await usage.hear(login(BOB, day(0)))
    await usage.tell_actives()
    assert max(fact.version for fact in await facts(usage)) > EPOCH_SIZE


async def test_logins_are_forgotten_and_their_figures_stay(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), login(ANN, day(0)), login(BOB, day(2)))
    before = await figures(usage)
    usage.clock.move_to(day(1) + SETTINGS.logins_kept)
    assert await usage.forget() == 1
    assert [row.user_id for row in await usage.rows("select user_id from login")] == [BOB]
    usage.clock.move_to(day(40) + SETTINGS.logins_kept)
    while await usage.forget():
        pass
    assert not await usage.rows("select user_id from login union all select user_id from presence")
    assert await figures(usage) == before


async def test_a_login_too_old_to_be_kept_is_the_last_one_and_counted_nowhere(usage: Usage) -> None:
    """It could be told again unnoticed."""
    usage.clock.move_to(day(1) + SETTINGS.logins_kept)
    await usage.hear(organization(DISTRICT, None), organization(NORTH), login(ANN, day(0)))
    assert not await figures(usage)
    assert [row.at for row in await usage.rows("select at from last_login")] == [day(0)]


async def test_who_came_is_known_for_as_long_as_a_login_of_that_month_may_come(usage: Usage) -> None:
    await usage.hear(
        organization(DISTRICT, None), organization(NORTH), login(ANN, datetime(2026, 3, 1, 12, tzinfo=UTC))
    )
    usage.clock.move_to(datetime(2026, 3, 31, 12, tzinfo=UTC) + SETTINGS.logins_kept)
    while await usage.forget():
        pass
    await usage.hear(login(ANN, datetime(2026, 3, 31, 13, tzinfo=UTC)))
    assert (await figures(usage))[NORTH, "month", MARCH] == (1, 2)

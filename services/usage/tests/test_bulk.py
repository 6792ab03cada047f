"""A year of logins in bulk: one path, few facts, and settled soon after the clock has moved."""

from uuid import UUID

from .story import DISTRICT, Usage, day, login, organization, seat

PEOPLE = [UUID(int=10_000 + number) for number in range(1_000)]


async def test_a_year_of_logins_then_now(usage: Usage) -> None:
    await usage.hear(organization(DISTRICT, None))
    await usage.hear(*(seat(user, org=DISTRICT) for user in PEOPLE))
    batches = [[login(user, day(1 + 12 * number), org=DISTRICT) for user in PEOPLE] for number in range(30)]
    for batch in batches:
        await usage.hear(*batch)
    told = len(await usage.told())
    assert told == len(PEOPLE), "active, and no fact for each login"
    await usage.reach(day(365))
    assert {fact.activity for fact in (await usage.told())[told:]} == {"active"}
    assert len(await usage.told()) == told + len(PEOPLE)
    await usage.reach(day(400))
    assert {row.activity for row in await usage.rows("select activity from seat_activity")} == {"inactive"}

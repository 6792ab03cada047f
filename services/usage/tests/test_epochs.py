"""After a restore: what usage tells of a seat outranks all that was told before (messages: The state-carrying rule)."""

from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .story import ANN, BOB, DISTRICT, NORTH, Usage, day, login, organization, person, seat


async def test_what_is_told_goes_on_in_the_new_epoch(usage: Usage, service_database: str) -> None:
    await usage.hear(organization(DISTRICT, None), organization(NORTH), person(ANN), person(BOB))
    await usage.hear(seat(ANN), login(ANN, day(0)))
    before = await usage.told()
    await raise_epoch(service_database)
    await usage.hear(seat(BOB))
    await usage.reach(day(60))
    after = (await usage.told())[len(before) :]
    assert {fact.version // EPOCH_SIZE for fact in before} == {0}
    assert {fact.version // EPOCH_SIZE for fact in after} == {1}
    assert {fact.user_id for fact in after} == {ANN, BOB}
    for who in (ANN, BOB):
        chain = [fact for fact in [*before, *after] if fact.user_id == who]
        assert [fact.previous_version for fact in chain] == [0, *(fact.version for fact in chain[:-1])]
        assert [fact.version % EPOCH_SIZE for fact in chain] == list(range(1, len(chain) + 1))


async def test_a_fact_of_a_restored_owner_is_newer_than_all_before(usage: Usage) -> None:
    await usage.hear(seat(ANN, day(0), version=7))
    await usage.hear(seat(ANN, day(1), state="released", version=EPOCH_SIZE + 3))
    await usage.hear(seat(ANN, day(2), version=9))
    assert [(row.state, row.version) for row in await usage.rows("select state, version from seat")] == [
        ("released", EPOCH_SIZE + 3)
    ]

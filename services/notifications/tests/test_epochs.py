"""After restores: its owners' news outranks all before, tells nobody twice, and so does what is told of deliveries."""

from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .story import ANN, Notifications, seat, the_district


async def test_what_is_told_of_a_delivery_goes_on_in_the_new_epoch(
    notifications: Notifications, service_database: str
) -> None:
    await notifications.hear(*the_district(), seat(ANN))
    before = await notifications.told()
    await raise_epoch(service_database)
    await notifications.after_the_hold()
    after = (await notifications.told())[len(before) :]
    sent = [fact for fact in after if fact.status == "sent"]
    assert {(fact.version, fact.previous_version) for fact in sent} == {(EPOCH_SIZE + 2, 1)}
    assert {fact.id for fact in sent} == {fact.id for fact in before}


async def test_a_seat_that_a_restored_owner_tells_again_is_no_new_notice(notifications: Notifications) -> None:
    await notifications.hear(*the_district(), seat(ANN, version=5))
    await notifications.after_the_hold()
    taken = len(notifications.mail.taken)
    await notifications.hear(seat(ANN, version=EPOCH_SIZE + 4))
    await notifications.hear(seat(ANN, "assigned", version=6))
    await notifications.after_the_hold()
    assert len(notifications.mail.taken) == taken > 0
    [row] = await notifications.rows("select state, version from seat")
    assert (row.state, row.version) == ("waitlisted", EPOCH_SIZE + 4)

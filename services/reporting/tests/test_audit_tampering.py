"""Whoever owns the database can change the log, and is found out: each way is tried on the tables themselves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from usher_kit.audit_log.chain import append, start, state
from usher_kit.audit_log.checkpoints import Signer
from usher_kit.audit_log.documents import to_document
from usher_kit.audit_log.verification import Checkpoint
from usher_reporting.store.audit_log import add_appended

from .audit import checkpoints_of, download, found, tamper
from .conftest import Ask
from .story import DISTRICT, START, Reporting, act

OTHER_KEY = "33" * 32


@pytest.fixture
async def log(district: Reporting) -> Reporting:
    """A log of three batches, of 2, 3 and 1 entries."""
    for size in (2, 3, 1):
        await district.hear(*(act(f"user-{size}-{place}") for place in range(size)))
    return district


@pytest.fixture
async def kept(log: Reporting, get: Ask) -> Sequence[Checkpoint]:
    """The checkpoints, as somebody keeps them elsewhere."""
    stored, _ = await checkpoints_of(get)
    return [Checkpoint(one.statement, f"line {one.statement.number}", is_stored=False) for one in stored]


async def test_an_undisturbed_log_is_whole(get: Ask, kept: Sequence[Checkpoint]) -> None:
    assert await found(get) == set()
    assert await found(get, kept) == set()


@pytest.mark.usefixtures("log")
async def test_an_edit_is_found(get: Ask, service_database: str) -> None:
    edit = "update audit_entry set document = replace(document, 'user-3-1', 'user-3-2') where position = 4"
    await tamper(service_database, edit)
    assert await found(get) == {
        ("entry_changed", "entry 4"),
        ("listing_changed", "entry 4"),
        ("batch_changed", "batch 2"),
    }


@pytest.mark.usefixtures("log")
async def test_an_edit_of_a_column_is_found(get: Ask, service_database: str) -> None:
    await tamper(service_database, "update audit_entry set actor = 'user:0' where position = 4")
    assert await found(get) == {("listing_changed", "entry 4")}


@pytest.mark.usefixtures("log")
async def test_a_removal_is_found(get: Ask, service_database: str) -> None:
    await tamper(service_database, "delete from audit_entry where position in (3, 4)")
    assert ("entries_missing", "entries 3 to 4") in await found(get)


@pytest.mark.usefixtures("log")
async def test_a_removal_that_closes_the_gap_is_found(get: Ask, service_database: str) -> None:
    await tamper(
        service_database,
        "delete from audit_entry where position = 3",
        "update audit_entry set position = -position where position > 3",
        "update audit_entry set position = -position - 1 where position < 0",
    )
    assert {("entry_changed", "entry 3"), ("entries_missing", "entry 6")} <= await found(get)


@pytest.mark.usefixtures("log")
async def test_a_reordering_is_found(get: Ask, service_database: str) -> None:
    await tamper(
        service_database,
        "update audit_entry set position = 7 - position + 1000 where position in (3, 4)",
        "update audit_entry set position = position - 1000 where position > 1000",
    )
    changed = {place for code, place in await found(get) if code == "entry_changed"}
    assert changed == {"entry 3", "entry 4", "entry 5"}


@pytest.mark.usefixtures("log")
async def test_a_truncation_is_found_though_the_service_went_on(
    get: Ask, district: Reporting, service_database: str
) -> None:
    await tamper(service_database, "delete from audit_entry where position > 5")
    assert await found(get) == {("entries_missing", "entry 6")}
    await district.hear(act("later"))
    assert {("batch_changed", "batch 4"), ("log_rewritten", "entry 6")} <= await found(get)


async def test_a_truncation_of_everything_is_found_by_what_was_kept(
    get: Ask, kept: Sequence[Checkpoint], service_database: str
) -> None:
    await tamper(
        service_database,
        "delete from audit_entry where position > 5",
        "delete from audit_batch where number > 2",
        "delete from audit_checkpoint where number > 2",
    )
    assert await found(get) == set()
    assert ("entries_missing", "entry 6") in await found(get, kept)


async def rewrite(log: Reporting, owner_url: str, get: Ask) -> list[Any]:
    """Put other acts in the place of all that are there, with every hash computed anew; answers the new ends."""
    batches = await download(get, "batches")
    await tamper(owner_url, "delete from audit_entry", "delete from audit_batch")
    head, ends = start(DISTRICT), []
    for batch in batches:
        documents = [document(position) for position in range(batch["first"], batch["last"] + 1)]
        appended = append(head, documents, START)
        head = appended.head
        ends.append(head)
        async with log.database.transaction([DISTRICT]) as conn:
            await add_appended(conn, [appended])
    return ends


def document(position: int) -> str:
    return to_document(act(f"nobody-{position}"))


async def test_a_full_rewrite_is_found_by_the_signed_checkpoints(
    get: Ask, log: Reporting, service_database: str
) -> None:
    await rewrite(log, service_database, get)
    assert await found(get) == {
        ("log_rewritten", "entries 1 to 2"),
        ("log_rewritten", "entries 1 to 5"),
        ("log_rewritten", "entries 1 to 6"),
    }


async def test_a_full_rewrite_signed_by_another_key_is_found(get: Ask, log: Reporting, service_database: str) -> None:
    ends = await rewrite(log, service_database, get)
    for number, head in enumerate(ends, 1):
        signed = Signer(OTHER_KEY).sign(state(head, number, START))
        statement = "update audit_checkpoint set signed = :signed where number = :number"
        await tamper(service_database, statement, signed=signed, number=number)
    codes = {code for code, _ in await found(get)}
    assert codes == {"checkpoint_forged", "entries_unsigned"}


async def test_a_full_rewrite_without_checkpoints_is_found(
    get: Ask, log: Reporting, kept: Sequence[Checkpoint], service_database: str
) -> None:
    await rewrite(log, service_database, get)
    await tamper(service_database, "delete from audit_checkpoint")
    assert await found(get) == {("entries_unsigned", "entries 1 to 6")}
    assert ("log_rewritten", "entries 1 to 6") in await found(get, kept)


async def test_a_full_rewrite_that_the_service_itself_signs_anew_is_found_by_what_was_kept(
    get: Ask, log: Reporting, kept: Sequence[Checkpoint], service_database: str
) -> None:
    await rewrite(log, service_database, get)
    await tamper(service_database, "delete from audit_checkpoint")
    await get("/v1/audit/checkpoints", post={"tenant_id": str(DISTRICT)})
    assert await found(get) == set()
    assert {("log_rewritten", "entries 1 to 2"), ("log_rewritten", "entries 1 to 6")} <= await found(get, kept)


async def test_another_tenants_log_in_its_place_is_found(get: Ask, log: Reporting, service_database: str) -> None:
    other = UUID(int=9)
    await log.hear(act(tenant=other))
    await tamper(
        service_database,
        *(f"delete from {table} where tenant_id = :own" for table in TABLES),
        *(f"update {table} set tenant_id = :own where tenant_id = :other" for table in TABLES),
        own=DISTRICT,
        other=other,
    )
    assert {("entry_changed", "entry 1"), ("checkpoint_changed", "checkpoint 1")} <= await found(get)


TABLES = ("audit_entry", "audit_batch", "audit_checkpoint")

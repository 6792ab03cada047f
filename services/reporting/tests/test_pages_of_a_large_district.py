"""The first page of every report reads what is near it, and not every seat, claim or person, however many there are."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import pytest
from sqlalchemy import event
from tests.bench.district_of_a_million import NORTH, REPORTING, ROOT, seed

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.ids import new_id

from .conftest import OPERATOR, Ask
from .story import START, Reporting, person, seat, tree

SEATS = 10_000
LARGE = ("seat", "claim", "person", "profile")
READ = """
    select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
    where relname = any(array['seat', 'claim', 'person', 'profile'])
"""
BEFORE = "rows read before"
"""What a connection carries: the database counts on from one transaction to the next."""

PAGES = (
    "/v1/dashboard",
    "/v1/claims",
    "/v1/claims?kind=waitlisted",
    "/v1/claims?kind=withheld",
    "/v1/claims?reason=inactivity",
    "/v1/claims?actor=user:7",
    "/v1/claims?changeset=import-9",
    "/v1/claims/patterns",
    "/v1/claims/patterns?group_by=month&group_by=organization",
    "/v1/assignments",
    "/v1/assignments?product=observe",
    "/v1/assignments?state=suspended",
    "/v1/assignments?activity=never_used",
    "/v1/compliance",
    "/v1/forecast",
    "/v1/renewals",
    "/v1/usage",
)
BY_INDEX_OF_ALL = [path for path in PAGES if path.startswith("/v1/claims?")]
"""What has an index over a whole tenant: a region's are looked for among its own claims."""

MOST = 2_000
"""Rows of the large tables together: some hundred for a page of 50, with their names, from a few hundred units."""


@pytest.fixture
async def large(district: Reporting, service_database: str) -> Reporting:
    """A large district beside the story's own."""
    await district.hear(person(OPERATOR, OPERATORS_TENANT, role="system_admin", tenant=OPERATORS_TENANT))
    connection = await asyncpg.connect(service_database)
    await connection.execute(seed(REPORTING, seats=SEATS, logins=1_000_000, days=10))
    await connection.close()
    return district


@contextmanager
def counted(reporting: Reporting) -> Iterator[dict[str, int]]:
    """The rows of large tables that are read meanwhile, as the database counts them at each transaction's end."""
    read: dict[str, int] = dict.fromkeys(LARGE, 0)
    engine = reporting.database.engine.sync_engine

    def begin(connection: Any) -> None:
        connection.info[BEFORE] = dict(connection.exec_driver_sql(READ).all())

    def count(connection: Any) -> None:
        before = connection.info.get(BEFORE, {})
        for table, rows in connection.exec_driver_sql(READ):
            read[table] += rows - before.get(table, 0)

    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", count)
    yield read
    event.remove(engine, "begin", begin)
    event.remove(engine, "commit", count)


async def test_no_first_page_reads_everything(large: Reporting, get: Ask) -> None:
    """Of a district that is in step with itself; and what does read everything is noticed."""
    found = await large.examine(ROOT)
    assert (found["claims_missing"], found["headcount_wrong"]) == (0, 0)
    assert found["entered"] - found["left"] == found["held"] > SEATS / 2
    with counted(large) as read:
        await large.rows("select count(assigned_since) from seat", [ROOT])
    assert read["seat"] == SEATS
    asked = [(path, ROOT) for path in PAGES] + [(path, NORTH) for path in PAGES if path not in BY_INDEX_OF_ALL]
    for path, org in asked:
        where, _, how = path.partition("?")
        with counted(large) as read:
            answer = await get(where, who=OPERATOR, org_id=org, **parse_qs(how))
        assert isinstance(answer, dict), (path, answer)
        assert sum(read.values()) < MOST, (path, org, read)
    await pages_of_many_units_are_those_of_few(get)


@pytest.fixture
async def new(new_database: Callable[[str], str]) -> AsyncIterator[Reporting]:
    """Reporting on a database that nothing was ever written to."""
    database = Database.connect(new_database("reporting"), "reporting", connections=1)
    yield Reporting(database, FixedClock(START))
    await database.close()


async def test_a_batch_of_claims_reads_those_of_its_own_seats(new: Reporting) -> None:
    """Before anything was analyzed too: else the first import would take the longer, the more it had brought."""
    await new.hear(*tree())
    for _ in range(3):
        batch = [seat(new_id()) for _ in range(300)]
        with counted(new) as read:
            await new.hear(*batch)
    assert 300 <= read["claim"] <= 1_000


async def pages_of_many_units_are_those_of_few(get: Ask) -> None:
    """More units than lines on a page are searched in other ways, which find the same."""
    asked: dict[str, Any] = {"who": OPERATOR, "org_id": NORTH}
    for filters in ({}, {"kind": "waitlisted"}, {"kind": "withheld"}):
        whole = (await get("/v1/claims", **asked, **filters))["items"]
        first = await get("/v1/claims", **asked, **filters, limit=2)
        assert first["items"] == whole[:2]
        if whole:
            second = await get("/v1/claims", **asked, **filters, limit=2, cursor=first["next_cursor"])
            assert second["items"] == whole[2:4]
    person_of_region = (await get("/v1/claims", **asked, kind="waitlisted"))["items"][0]["user_id"]
    own = (await get("/v1/claims", **asked, user_id=person_of_region))["items"]
    assert len(own) > 1
    assert (await get("/v1/claims", **asked, user_id=person_of_region, limit=4))["items"] == own[:4]

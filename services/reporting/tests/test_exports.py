"""Exports over HTTP: a report as a file, made by what its owner may see, kept for some days."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usher_contracts.identity import UserChanged
from usher_kit.leases import LEASE
from usher_reporting.domain.exports import MAX_ATTEMPTS
from usher_reporting.exporting.leases import next_lease, take
from usher_reporting.exporting.making import make, make_next
from usher_reporting.exporting.spreadsheet import Spreadsheet
from usher_reporting.exporting.values import rfc3339
from usher_reporting.main import SERVICE
from usher_reporting.reports.catalogue import LISTED
from usher_reporting.reports.claims import CLAIMS, ClaimFilters
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Column, Kind, Question, Report
from usher_reporting.store.timeline import lock_tenants
from usher_reporting.time_passing import judge_all

from .conftest import LAB_REPORTER, LEARNER, OPERATOR, Ask, all_pages, status_of
from .exporting import asked, exported, ids, read_xlsx, work, worker
from .story import (
    ADA,
    ANN,
    BOB,
    CAL,
    DISTRICT,
    ELSEWHERE,
    LAB,
    NORTH,
    START,
    Reporting,
    act,
    day,
    person,
    pool,
    profile,
    seat,
    tell,
    term,
)
from .test_usage import came

FORMATS = ("csv", "xlsx", "parquet")


@pytest.fixture
async def life(district: Reporting) -> Reporting:
    """A district with seats and licenses, logins and acts; and a tenant apart."""
    await district.hear(
        profile(ANN, "Ann Abbot"),
        profile(BOB, "=HYPERLINK(1)"),
        seat(ANN, "waitlisted", at=day(0)),
        seat(ANN, came_from="waitlisted", claim="promoted", reason="seat_freed", at=day(2), version=2),
        seat(BOB, org=LAB, at=day(1)),
        seat(CAL, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE, at=day(4)),
        pool(DISTRICT, 2, assigned=2),
        term(DISTRICT),
        came(NORTH, 3),
        came(LAB, 2),
        act("user-1"),
    )
    await judge_all(worker(district))
    return district


@pytest.mark.usefixtures("life")
@pytest.mark.parametrize("format_", FORMATS)
async def test_a_file_holds_what_the_reports_page_shows(life: Reporting, get: Ask, format_: str) -> None:
    for report in LISTED:
        exact = [as_shown(row, report) for row in await exported(get, life, report.name, format_)]
        assert exact == [as_shown(row, report) for row in await shown(get, report)], report.name
        assert exact, report.name


async def shown(get: Ask, report: Report[Any]) -> list[dict[str, Any]]:
    """The rows of a report's page, as its file lays them out."""
    if report.name == "dashboard":
        return list((await get(report.path))["products"])
    found = await all_pages(get, report.path, limit=2)
    if report.name == "organizations":
        return [
            {**unit, **one, **(await line_of(get, unit["org_id"], one["product"])), "organization": unit["name"]}
            for unit in found
            for one in unit["products"]
        ]
    if report.name == "compliance":
        return [{**one, **finding} for one in found for finding in one["findings"] or [{}]]
    return found


async def line_of(get: Ask, org_id: str, product: str) -> dict[str, Any]:
    lines = (await get("/v1/dashboard", org_id=org_id))["products"]
    return next(dict(line) for line in lines if line["product"] == product)


def as_shown(row: dict[str, Any], report: Report[Any]) -> dict[str, str]:
    """A row as texts, whatever it came by: a page's JSON or a file of any format."""
    return {column.name: as_plain(row.get(column.name), column.kind) for column in report.columns}


def as_plain(value: Any, kind: Kind) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    if kind is Kind.NUMBER:
        return f"{float(value):.2f}"
    if kind is Kind.MOMENT and isinstance(value, datetime):
        return rfc3339(value).lower()
    return str(value).removeprefix("'").lower()


async def test_a_filter_is_the_pages_and_a_wrong_one_is_told(life: Reporting, get: Ask) -> None:
    found = await exported(get, life, "claims", filters={"kind": "promoted", "from": day(1).isoformat()})
    assert ids(found, "user_id", "kind") == [(str(ANN), "promoted")]
    assert len(await exported(get, life, "claims", org_id=str(LAB))) == 1
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"report": "salaries"}, "/report"),
        ({"filters": {"kind": "lost"}}, "/filters/kind"),
        ({"filters": {"color": "red"}}, "/filters/color"),
        ({"filters": {"since": day(1).isoformat()}}, "/filters/since"),
        ({"format": "pdf"}, "/body/format"),
        ({"report": "usage", "filters": {"since": "2026-03-03", "until": "2026-03-02"}}, "/filters/since"),
    ]
    for body, pointer in wrong:
        answer = await get("/v1/exports", post={"report": "claims", "format": "csv", **body})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (
        "it has actor, changeset, from, kind, product, reason, to, user_id"
        in (await get("/v1/exports", post={"report": "claims", "format": "csv", "filters": {"color": "red"}})).json()[
            "detail"
        ]
    )


def test_reports_are_narrowed_by_what_their_pages_take() -> None:
    """But for the organization, which every export has beside its filters, and for paging and order."""
    paths = {route.path: route for router in SERVICE.routers for route in router.routes if isinstance(route, APIRoute)}
    for report in LISTED:
        taken = {one.alias for one in paths[report.path].dependant.query_params}
        named = {field.alias or name for name, field in report.filters.model_fields.items()}
        assert named == taken - {"org_id", "limit", "cursor", "sort", "at"}, report.name


async def test_no_text_is_run_as_a_formula(life: Reporting, get: Ask) -> None:
    filters = {"user_id": str(BOB)}
    assert ids(await exported(get, life, "claims", filters=filters), "display_name") == [("'=HYPERLINK(1)",)]
    id_ = await asked(get, "claims", "xlsx", filters=filters)
    await work(life)
    content = (await get(f"/v1/exports/{id_}/file", raw=True)).content
    [cell] = [one for one in load_workbook(io.BytesIO(content)).active[2] if one.value == "=HYPERLINK(1)"]
    assert cell.data_type != "f"


async def test_a_file_is_named_typed_tagged_and_told_of(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims", "parquet")
    waiting = await get(f"/v1/jobs/{id_}")
    assert (waiting["state"], waiting["file"], waiting["progress"]["phase"]) == ("waiting", None, "waiting")
    assert (await get(f"/v1/exports/{id_}/file")).status_code == 409
    await work(life)
    told = await get(f"/v1/exports/{id_}")
    assert (told["state"], told["file"]["rows"], told["progress"]["done"]) == ("done", 3, 3)
    answer = await get(f"/v1/exports/{id_}/file", raw=True)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert told["file"]["name"] == "usher-claims-20260302T120000Z.parquet"
    assert told["file"]["name"] in answer.headers["content-disposition"]
    assert len(answer.content) == told["file"]["bytes"] == int(answer.headers["content-length"])
    assert answer.headers["etag"] == f'"{sha256(answer.content).hexdigest()}"' == f'"{told["file"]["sha256"]}"'
    again = await get(f"/v1/exports/{id_}/file", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_who_may_no_longer_read_a_report_gets_no_file_of_it(life: Reporting, get: Ask) -> None:
    """The role counts when it is asked for, when it is made and when it is fetched."""
    assert status_of(await get("/v1/exports", who=LEARNER, post={"report": "claims", "format": "csv"})) == 403
    body = {"report": "claims", "format": "csv", "org_id": str(ELSEWHERE)}
    assert status_of(await get("/v1/exports", post=body)) == 404
    made, asked_for = await asked(get, "claims", who=LAB_REPORTER), ""
    await work(life)
    asked_for = await asked(get, "claims", who=LAB_REPORTER)
    await life.hear(person(LAB_REPORTER, LAB, version=2))
    await work(life)
    for id_ in (made, asked_for):
        assert status_of(await get(f"/v1/exports/{id_}/file", who=LAB_REPORTER)) == 403
    refused = await get(f"/v1/exports/{asked_for}", who=OPERATOR)
    assert (refused["state"], refused["error"]["code"]) == ("failed", "forbidden")
    assert (await get(f"/v1/exports/{asked_for}/file", who=OPERATOR)).status_code == 409


async def test_what_a_file_holds_has_to_be_within_reach_of_whoever_has_it(life: Reporting, get: Ask) -> None:
    whole, of_lab = await asked(get, "claims"), await asked(get, "claims", org_id=str(LAB))
    await work(life)
    for who, seen in ((ADA, [of_lab, whole]), (OPERATOR, [of_lab, whole]), (LAB_REPORTER, [])):
        assert [one["id"] for one in (await get("/v1/exports", who=who))["items"]] == seen
        assert status_of(await get(f"/v1/exports/{whole}", who=who)) == (200 if seen else 404)
    await life.hear(person(ADA, LAB, role="reporter", version=2))
    assert [one["id"] for one in (await get("/v1/exports"))["items"]] == [of_lab]
    assert status_of(await get(f"/v1/exports/{whole}/file")) == 404
    assert (await get(f"/v1/exports/{of_lab}/file", raw=True)).status_code == 200


async def test_a_file_is_its_owners_whoever_else_could_read_the_report(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims", who=LAB_REPORTER)
    await work(life)
    for path in (f"/v1/exports/{id_}", f"/v1/exports/{id_}/file", f"/v1/jobs/{id_}"):
        assert [(await get(path, who=who, raw=True)).status_code for who in (LAB_REPORTER, OPERATOR, ADA)] == [
            200,
            200,
            404,
        ]
    assert (await get("/v1/exports"))["items"] == []


async def test_a_system_administrators_file_may_hold_every_tenant(life: Reporting, get: Ask) -> None:
    assert len(await exported(get, life, "claims", who=OPERATOR)) == 4
    assert len(await exported(get, life, "claims", who=OPERATOR, org_id=str(ELSEWHERE))) == 1
    assert [one["id"] for one in (await get("/v1/exports"))["items"]] == []


async def test_a_file_expires_and_is_removed(life: Reporting, get: Ask) -> None:
    expiring, removed = await asked(get, "claims"), await asked(get, "claims")
    await work(life)
    assert status_of(await get(f"/v1/exports/{removed}", verb="DELETE")) == 204
    assert status_of(await get(f"/v1/exports/{removed}")) == 404
    life.clock.move_to(day(7))
    await work(life)
    answer = await get(f"/v1/exports/{expiring}/file")
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:usher:problem:gone")
    assert await life.rows("select export_id from export_part") == []
    life.clock.move_to(day(38))
    await work(life)
    assert status_of(await get(f"/v1/exports/{expiring}")) == 404


async def test_an_erasure_leaves_no_name_in_any_file(life: Reporting, get: Ask) -> None:
    named, by_system = await asked(get, "claims"), await asked(get, "claims", who=OPERATOR)
    unnamed = await asked(get, "dashboard")
    elsewhere = await asked(get, "claims", who=OPERATOR, org_id=str(ELSEWHERE))
    await work(life)
    await life.hear(erased(ANN))
    for id_, status in ((named, 410), (by_system, 410), (unnamed, 200), (elsewhere, 200)):
        assert (await get(f"/v1/exports/{id_}/file", who=OPERATOR, raw=True)).status_code == status
    assert {str(one) for (one,) in await life.rows("select distinct export_id from export_part")} == {
        unnamed,
        elsewhere,
    }
    assert (await get(f"/v1/exports/{named}"))["removed"] == "erasure"


async def test_what_was_read_before_an_erasure_is_read_anew(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims")
    async with next_lease(worker(life)) as lease:
        assert lease is not None
        await life.hear(erased(ANN))
        await make(lease)
    assert (await get(f"/v1/exports/{id_}"))["state"] == "waiting"
    await work(life)
    assert "Ann Abbot" not in (await get(f"/v1/exports/{id_}/file", raw=True)).text


async def test_no_export_is_begun_while_somebody_is_being_erased(life: Reporting, get: Ask) -> None:
    """What reads after the tombstone's commit sees it; what reads before is found by it and begun anew."""
    await asked(get, "claims")
    async with life.database.transaction([DISTRICT]) as conn:
        await lock_tenants(conn, life.clock.now())
        making = asyncio.create_task(make_next(worker(life)))
        done, _ = await asyncio.wait([making], timeout=0.3)
        assert not done
    assert await making


def erased(user: UUID) -> Any:
    fact = UserChanged(
        tenant_id=DISTRICT, id=user, org_id=NORTH, status="deleted", status_since=START, roles=(), version=9
    )
    return tell(fact)


async def test_a_worker_that_dies_leaves_nothing_stuck(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims")
    assert await take(worker(life)) is not None, "and that worker was killed"
    assert await take(worker(life)) is None, "somebody has it"
    life.clock.move_to(START + LEASE + timedelta(seconds=1))
    await work(life)
    assert (await get(f"/v1/exports/{id_}"))["state"] == "done"


async def test_what_every_worker_dies_of_is_given_up_with_a_reason(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims")
    for number in range(MAX_ATTEMPTS):
        assert await take(worker(life)) is not None
        life.clock.move_to(START + (number + 1) * (LEASE + timedelta(seconds=1)))
    await work(life)
    given_up = await get(f"/v1/exports/{id_}")
    assert (given_up["state"], given_up["error"]["code"]) == ("failed", "unavailable")


async def test_there_is_a_limit_to_how_many_wait_and_how_large_one_becomes(life: Reporting, get: Ask) -> None:
    ten = [await asked(get, "claims") for _ in range(10)]
    answer = await get("/v1/exports", post={"report": "claims", "format": "csv"})
    assert (answer.status_code, answer.json()["detail"][:10]) == (409, "10 of your")
    assert await asked(get, "claims", who=OPERATOR)
    await work(life, export_bytes=1024)
    failed = await get(f"/v1/exports/{ten[0]}")
    assert (failed["state"], failed["error"]["code"], failed["file"]) == ("failed", "too_large", None)
    assert await asked(get, "claims")


async def test_who_makes_and_takes_a_file_is_written_down(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "claims", filters={"kind": "promoted"})
    await work(life)
    await get(f"/v1/exports/{id_}/file", raw=True)
    await get(f"/v1/exports/{id_}/file", who=LEARNER)
    await get(f"/v1/exports/{id_}", verb="DELETE")
    found = await life.rows("select attributes, body from outbox where routing_key = 'reporting.audit.recorded.v1'")
    acts = [(json.loads(attributes), json.loads(body)) for attributes, body in found]
    assert [(one["actor"], told["act"], told["outcome"]) for one, told in acts] == [
        (f"user:{ADA}", "export.start", "done"),
        (f"user:{ADA}", "export.end", "done"),
        (f"user:{ADA}", "export.download", "done"),
        (f"user:{LEARNER}", "export.download", "refused"),
        (f"user:{ADA}", "export.remove", "done"),
    ]
    assert acts[0][1]["after"] == {"report": "claims", "format": "csv", "filters": ["kind"]}


async def test_a_file_is_of_one_moment(life: Reporting) -> None:
    question = Question(Reach(DISTRICT, [DISTRICT], None), ClaimFilters(), START)
    async with life.database.snapshot([DISTRICT]) as conn:
        before = [row async for row in CLAIMS.rows(conn, question)]
        await life.hear(seat(BOB, "released", org=LAB, came_from="assigned", at=day(3), version=2))
        assert [row async for row in CLAIMS.rows(conn, question)] == before
        with pytest.raises(DBAPIError, match="read-only"):
            await conn.execute(text("delete from claim"))


async def test_a_file_says_of_which_moment_it_is_and_can_be_had_of_a_past_one(life: Reporting, get: Ask) -> None:
    id_ = await asked(get, "dashboard")
    await work(life)
    as_of = (await get(f"/v1/exports/{id_}"))["file"]["as_of"]
    then = (await get(f"/v1/exports/{id_}/file", raw=True)).text
    life.clock.move_to(day(3))
    await life.hear(seat(BOB, "released", org=LAB, came_from="assigned", at=day(3), version=2))
    again = await exported(get, life, "dashboard", at=as_of)
    assert again == list(csv.DictReader(io.StringIO(then)))
    assert again != await exported(get, life, "dashboard")
    for report, at in (("dashboard", day(9).isoformat()), ("audit", as_of)):
        answer = await get("/v1/exports", post={"report": report, "format": "csv", "at": at})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/at")


def test_rows_beyond_a_sheet_go_on_to_the_next(tmp_path: Path) -> None:
    book = Spreadsheet(path := tmp_path / "long.xlsx", [Column("number", Kind.WHOLE, "")], "long", sheet_rows=3)
    book.write([{"number": number} for number in range(8)])
    book.close()
    assert [sheet.max_row for sheet in load_workbook(path).worksheets] == [4, 4, 3]
    assert [row["number"] for row in read_xlsx(path.read_bytes())] == list(range(8))

"""The console's reports on the running system: what they ask for is there, and what comes can be shown."""

import pytest

from usher_cli.clients.session import Session
from usher_cli.demo.record import Record
from usher_console.views.sheets import SHEETS, Filter, Sheet

from .system import SYSTEM, eventually

pytestmark = SYSTEM


def values_of(one: Filter) -> list[str]:
    """What the page lets somebody choose."""
    return [value for value in one.options or {} if value] or ["2026-01-15"]


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_whatever_is_chosen_on_its_page_reporting_answers(session: Session, record: Record, sheet: Sheet) -> None:
    reporting = session.service("reporting")
    eventually(lambda: reporting.get(sheet.path, org_id=record.tenant_id)["items"])
    asked = [{one.name: one.sent(value)} for one in sheet.filters for value in values_of(one)]
    for query in [{}, *asked]:
        items = reporting.get(sheet.path, org_id=record.tenant_id, limit=5, **query)["items"]
        assert [len(row) for row in sheet.table(items).rows] == [len(sheet.table(items).columns)] * len(items)


def test_a_page_that_offers_a_file_has_the_name_of_its_report(session: Session) -> None:
    paths = {one["name"]: one["path"] for one in session.service("reporting").get("/v1/reports")["items"]}
    assert {name: sheet.path for name, sheet in SHEETS.items() if sheet.has_file}.items() <= paths.items()

"""Reports as pages: what they show and ask for, their files, and what they say when something is wrong."""

from typing import Any
from uuid import UUID

import pytest

from usher_console.views.cells import period, runs_out, within
from usher_console.views.exports import size_of
from usher_console.views.sheets import SHEETS

from . import story
from .conftest import Browser
from .house import MOST_EXPORTS, World
from .test_pages import ADA, Outline

AT = story.NOW.isoformat()
WHO = {"user_id": str(ADA.id), "display_name": "Ada Lovelace", "organization": "Lincoln High School"}
ROWS: dict[str, dict[str, Any]] = {
    "claims": {
        **WHO, "at": AT, "product": "observe", "kind": "promoted", "reason": "seat_freed", "state": "assigned",
        "actor": f"user:{ADA.id}",
    },
    "claim-patterns": {
        "since": "2026-11-01", "until": "2026-11-30", "product": None, "organization": None, "reason": None,
        "claims": 1_234, "assigned": 900, "promoted": 34, "waitlisted": 200, "released": 100, "net_change": -12,
        "seats_held": 1_127, "churn_percentage": 8.87, "waited_median_seconds": 180_000,
    },
    "assignments": {
        **WHO, "product": "learn", "state": "assigned", "since": AT, "activity": "never_used", "last_login_at": None,
    },
    "usage": {"starts_on": "2026-11-30", "organization": "Lincoln High School", "active_people": 87, "logins": 131},
    "compliance": {
        "organization": "Springfield District", "product": "observe", "status": "at_risk", "since": AT,
        "findings": [{"code": "people_waiting", "figures": {"waitlisted": 68}, "act": "Request licenses."}],
    },
    "renewals": {
        "ends_at": AT, "days_left": 75, "organization": "Springfield District", "product": "learn", "seats": 1_240,
        "state": "expiring",
    },
    "forecast": {
        "organization": "Springfield District", "product": "observe", "demand": 678, "capacity": 610,
        "runs_out_on": "2027-01-04", "runs_out_earliest_on": "2026-12-01", "runs_out_latest_on": None,
        "because": "demand", "seats_to_buy": 81, "model": "damped_trend", "note": None,
        "backtest": {
            "weeks_ahead": 13, "origins": 20,
            "errors": [{"model": "damped_trend", "mean_error": 3.14}, {"model": "last_value", "mean_error": 4.0}],
        },
    },
    "audit": {
        "at": AT, "act": "user.set_roles", "target": "user-1", "actor": "system", "outcome": "refused",
        "organization": None, "service": "identity",
    },
}  # fmt: skip
SHOWN = {
    "claims": (
        "Promoted",
        "Seat freed",
        "Ada Lovelace",
        "A person",
        f"/users/{ADA.id}/seats/observe",
        "2026, 14:03:22",
    ),
    "claim-patterns": ("November 2026", "1,234", "\N{MINUS SIGN}12", "8.87%", "2.1 days"),
    "assignments": ("Ada Lovelace", "Never used", "Assigned", "Dec 1, 2026"),
    "usage": ("Nov 30, 2026", "87", "131"),
    "compliance": ("At risk", "People waiting (waitlisted 68): Request licenses."),
    "renewals": ("Expiring", "1,240", "75"),
    "forecast": ("Jan 4, 2027, as expected", "Dec 1, 2026 at the earliest", "or not", "81", "Damped trend: 3.1 seats"),
    "audit": ("user.set_roles", "Usher itself", "Refused"),
}


def path_of(name: str) -> str:
    return SHEETS[name].path.removeprefix("/v1/")


@pytest.mark.parametrize("name", SHEETS)
async def test_every_report_has_its_page(browser: Browser, world: World, name: str) -> None:
    world.reports = {path_of(name): [ROWS[name]]}
    await browser.sign_in()
    page = (await browser.get(f"/reports/{name}")).text
    outline = Outline()
    outline.feed(page)
    outline.check()
    for words in (SHEETS[name].title, *SHOWN[name]):
        assert words in page, words
    assert ("All of it as a file" in page) == SHEETS[name].has_file
    assert 'aria-current="page"' in page
    beside = SHEETS[name].beside
    assert beside is None or beside[0] in SHEETS


async def test_what_is_chosen_is_asked_and_stays_in_every_address(browser: Browser, world: World) -> None:
    world.reports = {"claims": [ROWS["claims"]] * 120}
    await browser.sign_in()
    chosen = "product=observe&from=2026-11-01&to=2026-11-30&at=2026-12-01T10%3A30"
    page = (await browser.get(f"/reports/claims?{chosen}&kind=&org_id={story.DISTRICT}")).text
    assert world.questions[-1] == {
        "product": "observe",
        "from": "2026-11-01T00:00:00Z",
        "to": "2026-11-30T23:59:59.999999Z",
        "at": "2026-12-01T10:30Z",
        "org_id": str(story.DISTRICT),
        "limit": "50",
    }
    assert '<option value="observe" selected>' in page
    assert 'value="2026-12-01T10:30"' in page
    later = page.split('class="more"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    page = (await browser.get(later)).text
    assert (world.questions[-1]["cursor"], world.questions[-1]["product"]) == ("50", "observe")
    assert "Back to the first page" in page


async def test_what_makes_no_sense_is_said_beside_the_form(browser: Browser, world: World) -> None:
    await browser.sign_in()
    page = await browser.get("/reports/usage?since=2026-12-01&until=2026-11-01")
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert 'value="2026-12-01"' in page.text
    for address in ("/reports/nothing", "/reports/claims?at=yesterday"):
        assert (await browser.get(address)).status_code == 404, address


async def test_without_rows_or_without_reporting_it_says_so(browser: Browser, world: World) -> None:
    await browser.sign_in()
    assert SHEETS["usage"].empty in (await browser.get("/reports/usage")).text
    world.away = {"reporting"}
    for address in ("/reports/claims", "/exports"):
        page = await browser.get(address)
        assert (page.status_code, "the reporting service is not answering" in page.text) == (200, True)


async def test_a_report_becomes_a_file_of_what_was_chosen(browser: Browser, world: World) -> None:
    await browser.sign_in()
    chosen = {"format": "xlsx", "group_by": "reason", "product": "learn", "at": "2026-12-01T10:30"}
    answer = await browser.post("/reports/claim-patterns/exports", **chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, "/exports")
    asked = {name: world.exports[-1][name] for name in ("report", "format", "filters", "at", "org_id")}
    assert asked == {
        "report": "claim-patterns",
        "format": "xlsx",
        "filters": {"group_by": ["reason"], "product": "learn"},
        "at": "2026-12-01T10:30Z",
        "org_id": None,
    }
    assert (await browser.http.post("/reports/claims/exports", data={"format": "csv"})).status_code == 403
    assert len(world.exports) == 1


async def test_the_list_of_files_says_how_far_each_is(browser: Browser, world: World) -> None:
    world.exports = [story.export(1), story.export(2, "running"), story.export(3, "failed")]
    await browser.sign_in()
    page = (await browser.get("/exports")).text
    for words in (
        "1.5 MiB",
        "1,200 rows",
        f'href="/exports/{UUID(int=901)}"',
        "Being made",
        "It is too large",
        "data-pending",
    ):
        assert words in page, words
    world.exports = [story.export(1)]
    alone = (await browser.get("/exports/list")).text
    assert ("data-pending" in alone, "<html" in alone) == (False, False)


async def test_who_has_too_many_files_under_way_is_told(browser: Browser, world: World) -> None:
    world.exports = [story.export(number, "waiting") for number in range(MOST_EXPORTS)]
    await browser.sign_in()
    await browser.post("/reports/claims/exports", format="csv")
    assert "No file was made." in (await browser.get("/exports")).text
    assert "No file was made." not in (await browser.get("/exports")).text


async def test_only_who_reads_reports_sees_them(browser: Browser, world: World) -> None:
    world.me = story.administrator("learner")
    await browser.sign_in()
    for address in ("/reports", "/reports/claims", "/exports", "/exports/list"):
        assert (await browser.get(address)).status_code == 403, address
    assert 'href="/reports' not in (await browser.get(f"/users/{world.me.id}")).text


def test_sizes_times_and_periods_read_well() -> None:
    assert [size_of(octets) for octets in (0, 1_023, 1_024, 5_000_000, 2**41)] == [
        "0 bytes",
        "1023 bytes",
        "1.0 KiB",
        "4.8 MiB",
        "2048.0 GiB",
    ]
    wait = within("wait")
    assert [wait({"wait": seconds}).text for seconds in (None, 90, 7_200, 129_600)] == [
        "\N{EN DASH}",
        "2 minutes",
        "2.0 hours",
        "1.5 days",
    ]
    assert period({"since": "2026-11-25", "until": "2026-12-03"}).text == "25 Nov \N{EN DASH} 3 Dec 2026"
    assert period({"since": "2028-02-01", "until": "2028-02-29"}).text == "February 2028"
    days = {f"runs_out_{which}on": "2027-02-09" for which in ("", "earliest_", "latest_")}
    assert runs_out(days).text == "Feb 9, 2027"
    assert runs_out(dict.fromkeys(days)).text == "Not in that time"

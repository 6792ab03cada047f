"""What a dry run of an import says of people: exactly what the import then does, as a simulation takes it."""

from typing import Any

import pytest

from usher_identity.importing.running import run_next_import

from .story import House
from .test_imports import HEADER, ORGS, Files, delta, fetch, pack, send, take, users

STAFF = [f"u{number:02} teacher name{number}" for number in range(50)]
WIDER = ORGS + "N,,,Ash School,school,,D\nM,,,Ash Annex,school,,N\n"

State = tuple[str, str, tuple[str, ...]]


async def states(house: House) -> dict[str, State]:
    """Organization, status and roles of everybody."""
    rows = await fetch(house, "select id, org_id, status, roles from person")
    return {str(row.id): (str(row.org_id), row.status, tuple(sorted(row.roles))) for row in rows}


async def foreseen(house: House, files: Files) -> dict[str, State]:
    """Whom a dry run says would differ, page by page."""
    job = await take(house, files, dry_run="true")
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = await house.system.get(f"/v1/jobs/{job['id']}/people", **query)
        found += page["items"]
        cursor = page["next_cursor"]
    assert [one["user_id"] for one in found] == sorted(one["user_id"] for one in found)
    return {one["user_id"]: (one["org_id"], one["status"], tuple(sorted(one["roles"]))) for one in found}


def but(changed: dict[int, str]) -> list[str]:
    """The staff with other rows for some of them; an empty one is left out."""
    return [row for number, old in enumerate(STAFF) if (row := changed.get(number, old))]


SETS = {
    "nothing new": users(*STAFF),
    "newcomers": users(*STAFF, "n1 teacher nia", "n2 principal noa T"),
    "other roles": users(*but({number: STAFF[number].replace("teacher", "principal") for number in range(5)})),
    "another school": users(*but({0: f"{STAFF[0]} T", 1: f"{STAFF[1].replace('teacher', 'principal')} T"})),
    "some are gone": users(*but(dict.fromkeys(range(6), ""))),
    "too many are gone": users(*but(dict.fromkeys(range(30), "")), "n1 teacher nia"),
    "too many lose roles": users(*but({number: STAFF[number].replace("teacher", "principal") for number in range(30)})),
    "another name alone": users(*but({0: "u00 teacher nina"})),
    "a few that are spoken of": delta(users("u03 principal name3", "n1 teacher nia")),
}


@pytest.mark.parametrize("files", SETS.values(), ids=SETS)
async def test_who_would_differ_is_who_then_differs(house: House, files: Files) -> None:
    await take(house, users(*STAFF))
    before = await states(house)
    would = await foreseen(house, files)
    assert await states(house) == before
    await take(house, files)
    after = await states(house)
    differs = {id_: state for id_, state in after.items() if before.get(id_) != state}
    assert {id_: state for id_, state in would.items() if id_ in before} == {
        id_: state for id_, state in differs.items() if id_ in before
    }
    # A newcomer gets another id each time.
    assert sorted(state for id_, state in would.items() if id_ not in before) == sorted(
        state for id_, state in differs.items() if id_ not in before
    )


async def test_where_an_organization_is_new_the_nearest_known_one_stands_for_it(house: House) -> None:
    await take(house, users(*STAFF[:3]))
    [district] = await fetch(house, "select id from organization where name = 'Fir District'")
    would = await foreseen(house, {**users(*STAFF[:3], "n1 teacher nia N", "n2 teacher noa M"), "orgs.csv": WIDER})
    assert {state[0] for state in would.values()} == {str(district.id)}
    assert len(would) == 2


async def test_a_tenant_that_would_be_new_has_no_people_to_simulate(house: House) -> None:
    other = {
        "orgs.csv": "sourcedId,name,type\nX,Yew District,district\n",
        "users.csv": f"{HEADER}\nx1,,,true,X,teacher,x,X,X,",
    }
    assert await foreseen(house, other) == {}


async def test_a_dry_run_taken_up_again_forgets_what_it_foresaw_before(house: House) -> None:
    await take(house, users(*STAFF[:3]))
    accepted = await send(house.system, pack(users(*STAFF[:3], "n1 teacher nia")), dry_run="true")
    await fetch(
        house,
        "insert into job_person select tenant_id, id, tenant_id, tenant_id, tenant_id, 'active', '' from job "
        "where finished_at is null returning job_id",
    )
    assert await run_next_import(house.runtime)
    [nia] = (await house.system.get(f"{accepted.headers['Location']}/people"))["items"]
    assert (nia["status"], nia["roles"]) == ("active", ["learner", "observable"])

"""License requests over HTTP: asked with figures, changed, withdrawn, answered, told; and unseen by all others."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from httpx import AsyncClient, Response

from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .people import ADMIN, LEARNER, NORTH_ADMIN, READER, id_of
from .story import DISTRICT, ELSEWHERE, NORTH, SOUTH, START, Entitlements, organization, person, term

Bearer = Callable[..., dict[str, str]]
URL = "/v1/license-requests"
STRANGER = 30

pytestmark = pytest.mark.usefixtures("people")


def wanted(org: UUID = NORTH, **values: Any) -> dict[str, Any]:
    return {"org_id": str(org), "product": "learn", "seats": 40, "note": "new classes", **values}


async def acts(entitlements: Entitlements) -> list[tuple[str, str, str | None]]:
    told = await entitlements.told("audit.recorded")
    return [
        (fact["act"], fact["outcome"], fact["reason"]) for fact in told if fact["act"].startswith("license_request.")
    ]


@pytest.fixture
async def stranger(entitlements: Entitlements, bearer: Bearer) -> dict[str, str]:
    """The administrator of another tenant."""
    await entitlements.hear(
        organization(ELSEWHERE, None, tenant=ELSEWHERE),
        person(STRANGER, "org_admin", org=ELSEWHERE, tenant=ELSEWHERE),
    )
    return bearer(STRANGER, tenant=ELSEWHERE)


@pytest.fixture
async def asked(client: AsyncClient, bearer: Bearer) -> Response:
    """North asks for forty seats of its district's pool."""
    return await client.post(URL, json=wanted(), headers=bearer(NORTH_ADMIN))


async def test_a_school_asks_with_the_figures_of_the_pool_that_serves_it(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    await entitlements.hear(person(21, "learner", on=1), person(22, "learner", org=SOUTH, on=1))
    answer = await client.post(URL, json=wanted(), headers=bearer(NORTH_ADMIN))
    pool = await entitlements.pool()
    made = answer.json()
    assert (answer.status_code, answer.headers["ETag"], made["state"]) == (201, '"1"', "open")
    assert (made["pool_id"], made["org_id"], made["asked_by"]) == (
        str(pool.id),
        str(NORTH),
        f"user:{id_of(NORTH_ADMIN)}",
    )
    assert made["figures"] == {
        "capacity": 3, "assigned": 3, "available": 0, "waitlisted": 3, "waitlisted_here": 1, "suspended": 0,
        "over_allocated": False, "license_state": "active", "ends_at": "2027-03-02T12:00:00Z",
    }  # fmt: skip
    [fact] = await entitlements.told("license_request.changed")
    assert (fact["version"], fact["previous_version"], fact["state"], fact["note"]) == (1, 0, "open", "new classes")
    assert fact["figures"] == made["figures"]
    assert (fact["attributes"]["orgid"], fact["attributes"]["actor"]) == (str(NORTH), made["asked_by"])
    shown = await client.get(f"{URL}/{made['id']}", headers=bearer(ADMIN))
    assert (shown.json(), shown.headers["ETag"]) == (made, '"1"')


async def test_where_no_pool_serves_the_request_is_about_the_one_that_a_term_would_open(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    made = (await client.post(URL, json=wanted(product="observe"), headers=bearer(NORTH_ADMIN))).json()
    assert (made["figures"]["capacity"], made["figures"]["license_state"]) == (0, None)
    await entitlements.buy(term(5, org=NORTH, product="observe"))
    assert made["pool_id"] == str((await entitlements.pool(NORTH, "observe")).id)


async def test_a_second_request_is_refused_and_names_the_first(
    client: AsyncClient, bearer: Bearer, asked: Response, entitlements: Entitlements
) -> None:
    second = await client.post(URL, json=wanted(seats=50), headers=bearer(ADMIN))
    assert second.status_code == 409
    assert asked.json()["id"] in second.json()["detail"]
    for org in (SOUTH, DISTRICT):
        assert (await client.post(URL, json=wanted(org), headers=bearer(ADMIN))).status_code == 201, "others may ask"
    await client.post(f"{URL}/{asked.json()['id']}:withdraw", headers=bearer(NORTH_ADMIN))
    assert (await client.post(URL, json=wanted(), headers=bearer(NORTH_ADMIN))).status_code == 201
    assert [one for one in await acts(entitlements) if one[1] == "refused"] == [
        ("license_request.ask", "refused", "conflict")
    ]


async def test_of_many_who_ask_at_once_one_is_heard(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    answers = await asyncio.gather(*(client.post(URL, json=wanted(), headers=bearer(NORTH_ADMIN)) for _ in range(8)))
    codes = sorted(answer.status_code for answer in answers)
    assert (codes[0], set(codes[1:]) <= {409, 503}) == (201, True)
    assert len(await entitlements.told("license_request.changed")) == 1


async def test_a_request_with_the_same_key_is_made_once(client: AsyncClient, bearer: Bearer) -> None:
    headers = {**bearer(NORTH_ADMIN), "Idempotency-Key": "ask-7"}
    first, second = [await client.post(URL, json=wanted(), headers=headers) for _ in range(2)]
    assert (second.status_code, second.json()) == (201, first.json())


async def test_a_change_asks_with_the_figures_of_now(
    client: AsyncClient, bearer: Bearer, asked: Response, entitlements: Entitlements
) -> None:
    url = f"{URL}/{asked.json()['id']}"
    await entitlements.hear(person(21, "learner", on=1))
    same = await client.patch(url, json={"seats": 40}, headers={**bearer(NORTH_ADMIN), "If-Match": '"1"'})
    assert (same.status_code, same.json()) == (200, asked.json())
    changed = await client.patch(url, json={"seats": 50}, headers={**bearer(NORTH_ADMIN), "If-Match": '"1"'})
    assert (changed.json()["seats"], changed.json()["note"], changed.headers["ETag"]) == (50, "new classes", '"2"')
    assert changed.json()["figures"]["waitlisted_here"] == asked.json()["figures"]["waitlisted_here"] + 1
    stale = await client.patch(url, json={"seats": 60}, headers={**bearer(NORTH_ADMIN), "If-Match": '"1"'})
    assert stale.status_code == 412
    assert [one["seats"] for one in await entitlements.told("license_request.changed")] == [40, 50]


@pytest.mark.usefixtures("stranger")
async def test_a_grant_names_the_term_that_was_bought(
    client: AsyncClient, bearer: Bearer, system: dict[str, str], asked: Response, entitlements: Entitlements
) -> None:
    url = f"{URL}/{asked.json()['id']}"
    bought = await entitlements.buy(term(40))
    foreign = await entitlements.buy(term(9, org=ELSEWHERE, tenant=ELSEWHERE))
    ended = await entitlements.buy(term(9))
    await entitlements.end(ended)
    elsewhere = [await entitlements.buy(one) for one in (term(9, org=SOUTH), term(9, product="observe"))]
    for id_ in (*(one.id for one in (foreign, ended, *elsewhere)), uuid4()):
        said = {"verdict": "granted", "license_term_id": str(id_)}
        refused = await client.post(f"{url}:answer", json=said, headers=system)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/license_term_id")
    said = {"verdict": "granted", "note": "welcome", "license_term_id": str(bought.id)}
    granted = await client.post(f"{url}:answer", json=said, headers={**system, "If-Match": '"1"'})
    assert granted.status_code == 200
    assert granted.json() == {
        **asked.json(), "version": 2, "state": "granted", "answered_by": "client:cli", "answer_note": "welcome",
        "answered_at": START.isoformat().replace("+00:00", "Z"), "license_term_id": str(bought.id),
    }  # fmt: skip
    assert (await entitlements.told("license_request.changed"))[-1]["license_term_id"] == str(bought.id)
    for act, body in (("answer", said), ("withdraw", None)):
        again = await client.post(f"{url}:{act}", json=body, headers=system)
        assert (again.status_code, "granted already" in again.json()["detail"]) == (409, True)
    assert (await client.patch(url, json={"seats": 1}, headers=bearer(NORTH_ADMIN))).status_code == 409
    assert ("license_request.answer", "done", None) in await acts(entitlements)


async def test_a_no_needs_a_reason(client: AsyncClient, system: dict[str, str], asked: Response) -> None:
    url = f"{URL}/{asked.json()['id']}:answer"
    silent = await client.post(url, json={"verdict": "declined"}, headers=system)
    assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/note")
    declined = await client.post(url, json={"verdict": "declined", "note": "no budget"}, headers=system)
    assert (declined.json()["state"], declined.json()["answer_note"]) == ("declined", "no budget")


async def test_requests_are_listed_newest_first_by_page(
    client: AsyncClient, bearer: Bearer, system: dict[str, str], asked: Response
) -> None:
    others = [
        (await client.post(URL, json=wanted(org, product=product), headers=bearer(ADMIN))).json()
        for org, product in ((SOUTH, "learn"), (DISTRICT, "observe"))
    ]
    newest = [one["id"] for one in (*reversed(others), asked.json())]

    async def listed(who: dict[str, str], **query: Any) -> list[str]:
        return [one["id"] for one in (await client.get(URL, params=query, headers=who)).json()["items"]]

    assert await listed(system) == await listed(bearer(ADMIN)) == newest
    assert await listed(bearer(ADMIN), product="observe") == newest[:1]
    assert await listed(bearer(ADMIN), org_id=NORTH) == await listed(bearer(NORTH_ADMIN)) == newest[2:]
    assert await listed(bearer(READER)) == newest[1:2]
    assert await listed(system, state="granted") == []
    first = (await client.get(URL, params={"limit": 2}, headers=system)).json()
    assert await listed(system, limit=2, cursor=first["next_cursor"]) == newest[2:]
    assert (await client.get(URL, params={"cursor": "bm8"}, headers=system)).status_code == 422


async def test_another_tenant_can_not_even_tell_that_there_is_a_request(
    client: AsyncClient, stranger: dict[str, str], asked: Response, entitlements: Entitlements
) -> None:
    there, not_there = (f"{URL}/{id_}" for id_ in (asked.json()["id"], uuid4()))
    said = {"verdict": "granted"}
    for method, suffix, body in (
        ("GET", "", None), ("PATCH", "", {"seats": 1}), ("POST", ":withdraw", None), ("POST", ":answer", said),
    ):  # fmt: skip
        answers = [
            await client.request(method, url + suffix, json=body, headers={**stranger, "If-Match": '"9"'})
            for url in (there, not_there)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], (method, suffix)
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert (await client.post(URL, json=wanted(), headers=stranger)).status_code == 404
    assert (await client.get(URL, headers=stranger)).json() == {"items": [], "next_cursor": None}
    assert (await client.get(URL, params={"org_id": str(NORTH)}, headers=stranger)).status_code == 404
    assert len(await entitlements.told("license_request.changed")) == 1


async def test_who_may_not_ask_or_answer(client: AsyncClient, bearer: Bearer, asked: Response) -> None:
    south = (await client.post(URL, json=wanted(SOUTH), headers=bearer(ADMIN))).json()
    for who in (LEARNER, READER):
        assert (await client.post(URL, json=wanted(), headers=bearer(who))).status_code == 403
        assert (await client.post(f"{URL}/{asked.json()['id']}:withdraw", headers=bearer(who))).status_code == 403
    assert (await client.post(URL, json=wanted(SOUTH), headers=bearer(NORTH_ADMIN))).status_code == 404
    for suffix, body in ((":withdraw", None), (":answer", {"verdict": "granted"})):
        stale = {**bearer(NORTH_ADMIN), "If-Match": '"9"'}
        answer = await client.post(f"{URL}/{south['id']}{suffix}", json=body, headers=stale)
        assert answer.status_code == 404, "another school's"
    assert (await client.get(f"{URL}/{south['id']}", headers=bearer(NORTH_ADMIN))).status_code == 404
    own = await client.post(f"{URL}/{asked.json()['id']}:answer", json={"verdict": "granted"}, headers=bearer(ADMIN))
    assert (own.status_code, "system administrator" in own.json()["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (wanted(seats=0), "/seats"),
        (wanted(product="coach"), "/product"),
        (wanted(note=" "), "/note"),
        (wanted(whim=1), "/whim"),
    ],
)
async def test_what_can_not_be_asked_is_named(
    client: AsyncClient, bearer: Bearer, body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(URL, json=body, headers=bearer(NORTH_ADMIN))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"].removeprefix("/body")) == (422, pointer)


async def test_a_request_goes_on_in_the_epoch_after_a_restore(
    client: AsyncClient, bearer: Bearer, asked: Response, entitlements: Entitlements, service_database: str
) -> None:
    await raise_epoch(service_database)
    await client.post(f"{URL}/{asked.json()['id']}:withdraw", headers=bearer(NORTH_ADMIN))
    told = [(fact["version"], fact["previous_version"]) for fact in await entitlements.told("license_request.changed")]
    assert told == [(1, 0), (EPOCH_SIZE + 2, 1)]


@pytest.mark.parametrize("note", ["a\x00b", "\ud800"])
async def test_words_that_can_not_be_kept_are_refused(client: AsyncClient, bearer: Bearer, note: str) -> None:
    body = orjson.dumps(wanted(note="@")).replace(b'"@"', json.dumps(note).encode())
    headers = {**bearer(NORTH_ADMIN), "Content-Type": "application/json"}
    answer = await client.post(URL, content=body, headers=headers)
    assert answer.status_code == 422, answer.text

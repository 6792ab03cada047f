"""Whatever a SCIM client sends is answered in SCIM's form, wholly done or not at all, within limits of size."""

import asyncio
from typing import Any

import orjson
import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from usher_identity.scim.resources import MAX_BULK_BYTES, MAX_CHANGES, MAX_FILTER, MAX_OPERATIONS, MAX_RESULTS

from .scim_client import BULK, ERROR, PATCH, ROOT, USER, Client, connect, refusal
from .scim_requests import ADA, BOB, STAFF, Sent, requests
from .story import House

TYPES = {
    *(None, "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget"),
    *("invalidValue", "invalidVers", "sensitive", "invalidCursor"),
}
"""What RFC 7644, 3.12 and RFC 9865, 4 know as `scimType`."""

DIGEST = text("""
    select (select md5(string_agg(r::text, '|' order by r::text)) from scim_resource r),
        (select md5(string_agg(m::text, '|' order by m::text)) from scim_member m),
        (select md5(string_agg(e::text, '|' order by e::text)) from scim_email e),
        (select md5(string_agg(p::text, '|' order by p::text)) from person p)
""")


class Target:
    """A space with two users and a group, to which requests are put."""

    def __init__(self, house: House, client: Client) -> None:
        self.house, self.client = house, client
        self.ids: dict[str, str] = {}

    async def prepare(self) -> None:
        for word, name in ((ADA, "ada"), (BOB, "bob")):
            self.ids[word] = (await self.client.user(name))["id"]
        self.ids[STAFF] = (await self.client.group("Teachers", {"id": self.ids[ADA]}))["id"]

    async def digest(self) -> Any:
        database = self.house.runtime.database
        async with database.transaction(await database.all_tenants()) as conn:
            return (await conn.execute(DIGEST)).one()

    async def take(self, sent: Sent) -> Response:
        path, query, body = sent.path, sent.query, sent.body
        for word, id_ in self.ids.items():
            path, query, body = (
                path.replace(word, id_),
                query.replace(word, id_),
                body.replace(word.encode(), id_.encode()),
            )
        url = f"{ROOT}{path}" + (f"?{query}" if query else "")
        return await self.client.ask(sent.method, url, content=body, headers=dict(sent.headers))

    async def try_out(self, sent: Sent) -> None:
        before = await self.digest()
        answer = await self.take(sent)
        check_form(answer)
        if sent.path != "/Bulk" and not answer.is_success:
            assert await self.digest() == before, "a refusal leaves all as it was"


def check_form(answer: Response) -> None:
    """Raises AssertionError for an answer that is none of SCIM's."""
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    if answer.status_code >= 400:
        assert refusal(answer)[1] in TYPES, answer.text
    elif answer.content:
        said = answer.json()
        for one in said.get("Operations", ()):
            status = int(one["status"])
            assert status < 500, one
            assert status < 400 or (one["response"]["schemas"], one["response"].get("scimType") in TYPES) == (
                [ERROR],
                True,
            )
        assert len(said.get("Resources", ())) <= MAX_RESULTS


@pytest.mark.long
async def test_whatever_is_sent_is_answered_and_done_whole_or_not_at_all(house: House) -> None:
    client, _ = await connect(house, quota=1_000_000)
    loop, target = asyncio.get_running_loop(), Target(house, client)
    await target.prepare()

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(requests())
    def send(sent: Sent) -> None:
        asyncio.run_coroutine_threadsafe(target.try_out(sent), loop).result()

    await asyncio.to_thread(send)


async def test_what_is_beyond_the_limits_is_refused_with_the_limit(client: Client) -> None:
    ada = await client.user("ada")
    path = f"/Users/{ada['id']}"
    nested = "not (" * 40 + "id pr" + ")" * 40
    for filter_ in (f'userName eq "{"a" * MAX_FILTER}"', nested):
        refused = await client.send("GET", "/Users", params={"filter": filter_})
        assert refusal(refused) == (400, "invalidFilter")
    for where in (f'emails[value eq "{"a" * MAX_FILTER}"].value', f"emails[{nested}].value"):
        refused = await client.change(path, {"op": "replace", "path": where, "value": "x"})
        assert refusal(refused)[0] == 400
    operation = {"op": "add", "path": "nickName", "value": "x"}
    assert refusal(await client.change(path, *[operation] * (MAX_CHANGES + 1)))[0] == 413
    long = {"schemas": [USER], "userName": "bob", "title": "x" * 1_100_000}
    assert refusal(await client.send("POST", "/Users", long)) == (413, None)
    delete = {"method": "DELETE", "path": "/Users/none"}
    many = {"schemas": [BULK], "Operations": [delete] * (MAX_OPERATIONS + 1)}
    assert refusal(await client.send("POST", "/Bulk", many)) == (413, None)
    huge = b" " * (MAX_BULK_BYTES + 1)
    assert refusal(await client.ask("POST", f"{ROOT}/Bulk", content=huge)) == (413, None)
    body = orjson.dumps({"schemas": [PATCH], "Operations": [{**operation, "value": "x\x00"}]})
    assert refusal(await client.ask("PATCH", f"{ROOT}{path}", content=body)) == (400, "invalidValue")
    assert (await client.show(path))["meta"]["version"] == ada["meta"]["version"]

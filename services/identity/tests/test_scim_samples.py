"""What identity providers' documentation shows that they send, where `USHER_SAMPLE_DATA` points: all of it is taken."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response

from .scim_client import ENTERPRISE, GROUP, USER, Client, connect
from .story import House

SAMPLES = Path(os.environ.get("USHER_SAMPLE_DATA", "")) / "scim"
pytestmark = pytest.mark.skipif(
    "USHER_SAMPLE_DATA" not in os.environ, reason="USHER_SAMPLE_DATA names no folder with sample requests"
)

ADDED = {"f648f8d5ea4e4cd38e9c", "23a35c27-23d3-4c03-b4c5-6443c09e7173"}
"""Members whom samples add: here `ada`, who is no member yet."""

TAKEN = {"u1091", "7f4bc1a3-285e-48ae-8202-5accb43efb0e", "89bb1940-b905-4575-9e7f-6f887cfb368e"}
"""Members whom samples take: here `bob`, who is one."""

NONE: Mapping[str, Any] = {"totalResults": 0, "itemsPerPage": 0}
PAGE = {"startIndex": 1}
WORK = {"type": "work"}
EXPECTED: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "entra/00_create_user": (201, {"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "active": True}),
    "entra/01_get_user": (200, {"userName": "ada"}),
    "entra/02_query_user": (200, NONE),
    "entra/03_query_user_none": (200, NONE),
    "entra/04_patch_user_multivalued": (
        200,
        {"emails": [{**WORK, "value": "updatedEmail@microsoft.com"}], "name": {"familyName": "updatedFamilyName"}},
    ),
    "entra/05_patch_username": (200, {"userName": "5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com"}),
    "entra/06_disable_user_bool": (200, {"active": False}),
    "entra/07_delete_user": (204, {}),
    "entra/08_create_group": (201, {"externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"}),
    "entra/09_get_group": (200, {"displayName": "Staff", "members": None}),
    "entra/10_query_group": (200, NONE),
    "entra/11_patch_group_name": (204, {"displayName": "1879db59-3bdf-4490-ad68-ab880a269474updatedDisplayName"}),
    "entra/12_patch_group_add_member": (204, {"members": {"ada", "bob"}}),
    "entra/13_legacy_disable_user": (200, {"active": False}),
    "entra/14_flag_disable_user": (200, {"active": False}),
    "entra/15_legacy_add_single": (200, {"nickName": "Babs"}),
    "entra/16_flag_add_single": (200, {"nickName": "Babs"}),
    "entra/17_legacy_replace_multi": (
        200,
        {
            "displayName": "Pvlo",
            "emails": [{**WORK, "value": "TestBcwqnm@test.microsoft.com"}],
            "name": {"givenName": "Gtfd", "familyName": "Pkqf"},
            "externalId": "Eqpj",
            ENTERPRISE: {"employeeNumber": "Eqpj"},
        },
    ),
    "entra/18_flag_replace_multi": (
        200,
        {
            "displayName": "Bjfe",
            "emails": [{**WORK, "value": "TestMhvaes@test.microsoft.com"}],
            "name": {"givenName": "Kkom", "familyName": "Unua"},
            ENTERPRISE: {"employeeNumber": "Aklq"},
        },
    ),
    "entra/19_legacy_remove_member": (204, {"members": None}),
    "entra/20_flag_remove_member": (204, {"members": None}),
    "okta/00_GET": (200, {"totalResults": 0, **PAGE}),
    "okta/01_POST": (201, {"externalId": "00ujl29u0le5T6Aj10h7", "password": None, "groups": None}),
    "okta/02_POST": (201, {"locale": "en-US", "password": None}),
    "okta/03_GET": (200, {"totalResults": 2, **PAGE}),
    "okta/04_GET": (200, {"userName": "ada"}),
    "okta/05_GET": (200, {"userName": "ada"}),
    "okta/06_PUT": (200, {"name": {"givenName": "Another", "middleName": "Excited", "familyName": "User"}}),
    "okta/07_PATCH": (200, {"active": False}),
    "okta/08_POST": (201, {"displayName": "Test SCIMv2", "members": None}),
    "okta/09_GET": (200, {"totalResults": 1, **PAGE}),
    "okta/10_GET": (200, {"totalResults": 0, **PAGE}),
    "okta/11_GET": (200, {"displayName": "Staff", "members": {"bob"}}),
    "okta/12_PATCH": (204, {"displayName": "Test SCIMv2", "members": {"bob"}}),
    "okta/13_PATCH": (204, {"members": {"ada"}}),
    "okta/14_PUT": (200, {"displayName": "Test SCIMv2", "members": {"ada"}}),
    "okta/15_PATCH": (204, {"members": {"ada", "bob"}}),
    "okta/16_DELETE": (204, {}),
}
"""What each sample's answer and resource have; None is what they have not."""


class Replay:
    """A space with two users, and a group of one of them, to which the samples' ids are put."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: dict[str, str] = {}
        self.made: dict[str, str] = {}

    async def prepare(self) -> None:
        """All anew, by one bulk: whatever the last sample changed is gone."""
        there = [f"/{kind}/{id_}" for id_, kind in self.made.items()]
        user = {"schemas": [USER], "emails": [{**WORK, "value": "old@x.test"}]}
        ada, bob = ({**user, "userName": name} for name in ("ada", "bob"))
        staff = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": "bulkId:bob"}]}
        made = await self.client.bulk(
            *({"method": "DELETE", "path": path} for path in there),
            {"method": "POST", "path": "/Users", "bulkId": "ada", "data": ada},
            {"method": "POST", "path": "/Users", "bulkId": "bob", "data": bob},
            {"method": "POST", "path": "/Groups", "bulkId": "Staff", "data": staff},
        )
        new = {one["bulkId"]: one["location"].rsplit("/", 2)[1:] for one in made if one["method"] == "POST"}
        self.ids = {name: id_ for name, (_, id_) in new.items()}
        self.made = {id_: kind for kind, id_ in new.values()}

    async def send(self, sample: Any) -> Response:
        path = sample["url"].removeprefix("/scim/v2")
        endpoint, _, query = path.partition("?")
        kind, *named = endpoint.strip("/").split("/")
        text = json.dumps(sample["body"])
        for ids, name in ((ADDED, "ada"), (TAKEN, "bob"), (named, "ada" if kind == "Users" else "Staff")):
            for one in ids:
                text, endpoint = text.replace(one, self.ids[name]), endpoint.replace(one, self.ids[name])
        address = f"{endpoint}?{quote(query, safe='=&%')}" if query else endpoint
        answer = await self.client.send(sample["method"], address, json.loads(text), headers=headers_of(sample))
        if answer.status_code == 201:
            self.made[answer.json()["id"]] = kind
        if sample["method"] == "DELETE":
            del self.made[endpoint.rpartition("/")[2]]
        return answer

    async def look(self, file: Path, sample: Any, answer: Response, expected: Mapping[str, Any]) -> None:
        """What is there afterwards is as the answer says."""
        kind = "Users" if "/Users" in sample["url"] else "Groups"
        id_ = answer.json()["id"] if answer.content else self.ids["ada" if kind == "Users" else "Staff"]
        shown = await self.client.send("GET", f"/{kind}/{id_}")
        assert shown.status_code == (404 if sample["method"] == "DELETE" else 200), file
        assert sample["method"] == "DELETE" or self.has(shown.json(), expected), f"{file}: {shown.text}"

    def has(self, shown: Any, expected: Mapping[str, Any]) -> bool:
        names = {id_: name for name, id_ in self.ids.items()}
        found = {**shown}
        if "members" in found:
            found["members"] = {names[one["value"]] for one in found["members"]}
        return all(found.get(key) == value for key, value in expected.items())


def headers_of(sample: Any) -> dict[str, str]:
    pairs = (one.partition(": ") for one in sample.get("headers", ()))
    return {name: value for name, _, value in pairs if name != "Authorization"}


async def test_every_request_that_providers_show_is_answered_as_they_expect(house: House) -> None:
    files = sorted(SAMPLES.glob("*/*.json"))
    assert {f"{one.parent.name}/{one.stem}" for one in files} == set(EXPECTED)
    replays = {name: Replay((await connect(house, name))[0]) for name in ("entra", "okta")}
    for file in files:
        replay, sample = replays[file.parent.name], json.loads(file.read_bytes())
        status, expected = EXPECTED[f"{file.parent.name}/{file.stem}"]
        await replay.prepare()
        answer = await replay.send(sample)
        assert answer.status_code == status, f"{file}: {answer.text}"
        if answer.content:
            assert replay.has(answer.json(), expected), f"{file}: {answer.text}"
        if sample["method"] != "GET":
            await replay.look(file, sample, answer, expected)

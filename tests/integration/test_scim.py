"""SCIM at a running service: the field's own tester finds nothing, and whom a client brings in has a seat."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from usher_cli.clients.session import Session

from .system import SYSTEM, District, System, eventually
from .test_upstream import usher

pytestmark = SYSTEM

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def connected(system: System, district: District) -> Iterator[dict[str, Any]]:
    made = usher(system, "add", "entra", "--org", district.id, "--kind", "scim", "--map", "Teachers=learner", "--json")
    yield made
    usher(system, "remove", made["id"])


@pytest.fixture
def http(connected: dict[str, Any]) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {connected['token']}"}
    with httpx2.Client(base_url=connected["url"], headers=headers, timeout=30) as client:
        yield client


def test_the_fields_own_tester_finds_nothing(http: httpx2.Client) -> None:
    results = check_server(SyncSCIMClient(http))
    ill = [
        f"{one.status.name} {one.title} {one.resource_type}: {one.reason}"
        for one in results
        if one.status not in {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED}
    ]
    assert not ill, "\n".join(ill)
    assert len(results) > 100


def test_whom_a_client_brings_in_has_a_seat_until_they_are_switched_off(
    http: httpx2.Client, session: Session, district: District
) -> None:
    district.license("learn", 3)
    ada = http.post("/Users", json={"schemas": [USER], "userName": f"ada.{district.id}"}).raise_for_status().json()
    http.post(
        "/Groups", json={"schemas": [GROUP], "displayName": "Teachers", "members": [{"value": ada["id"]}]}
    ).raise_for_status()
    [person] = session.identity.users(q=f"ada.{district.id}")["items"]

    def states() -> list[str]:
        seats = session.service("entitlements").get(f"/v1/users/{person['id']}/seats")["items"]
        return [one["state"] for one in seats if one["product"] == "learn"]

    eventually(lambda: states() == ["assigned"])
    off = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]}
    http.patch(f"/Users/{ada['id']}", content=json.dumps(off)).raise_for_status()
    eventually(lambda: states() == ["released"])

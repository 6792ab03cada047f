"""What one tenant's identity provider said by SCIM is nowhere for another's, whatever it asks (seats: I8).

SCIM is in no OpenAPI document: its operations are those of RFC 7644, 3.2, each asked for at every kind of resource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.integration.system import SYSTEM

from .conftest import Two, quiet
from .tenants import Tenant
from .test_tokens import forgeries
from .walking import told

pytestmark = SYSTEM

CORE = "urn:ietf:params:scim:schemas:core:2.0"
MESSAGE = "urn:ietf:params:scim:api:messages:2.0"
DISCOVERY = ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes")


@dataclass(frozen=True)
class Space:
    """A tenant's identity provider, and a user and a group that it said."""

    url: str
    token: str
    user: str
    group: str
    name: str

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Asking:
    """One request that names a user, a group or a name."""

    method: str
    path: str
    body: Any = None

    def send(self, http: httpx2.Client, url: str, headers: Mapping[str, str]) -> httpx2.Response:
        return http.request(self.method, url + self.path, json=self.body, headers=headers)


def space(two: Two, tenant: Tenant) -> Space:
    name = f"scim.{tenant.mark}"
    calls = two.session.identity.calls
    made = calls.post("/v1/upstreams", {"name": "idp", "kind": "scim", "org_id": tenant.id})
    issued = calls.post(f"/v1/upstreams/{made['id']}/tokens", {})
    url = f"{two.session.environment.url('identity')}/scim/v2"
    headers = {"Authorization": f"Bearer {issued['token']}"}
    user = {"schemas": [f"{CORE}:User"], "userName": name}
    user_id = two.http.post(f"{url}/Users", json=user, headers=headers).raise_for_status().json()["id"]
    group = {"schemas": [f"{CORE}:Group"], "displayName": name, "members": [{"value": user_id}]}
    group_id = two.http.post(f"{url}/Groups", json=group, headers=headers).raise_for_status().json()["id"]
    return Space(url, issued["token"], user_id, group_id, name)


@pytest.fixture(scope="module")
def spaces(two: Two) -> tuple[Space, Space]:
    made = space(two, two.one), space(two, two.other)
    quiet(two.session, two.one)
    return made


def askings(user: str, group: str, name: str, own_group: str) -> Iterator[Asking]:
    """Every operation, on this user and group; and those that name them within another's own."""
    patch = {"schemas": [f"{MESSAGE}:PatchOp"], "Operations": [{"op": "add", "path": "externalId", "value": "x"}]}
    bodies = {
        f"/Users/{user}": {"schemas": [f"{CORE}:User"], "userName": "somebody"},
        f"/Groups/{group}": {"schemas": [f"{CORE}:Group"], "displayName": "something"},
    }
    for path, body in bodies.items():
        for method, sent in {"GET": None, "PUT": body, "PATCH": patch, "POST": body, "DELETE": None}.items():
            yield Asking(method, path, sent)
            bulk = {"method": method, "path": path, "data": sent, "version": 'W/"1"'}
            yield Asking("POST", "/Bulk", {"schemas": [f"{MESSAGE}:BulkRequest"], "Operations": [bulk]})
    for filter_ in (
        f'id eq "{user}"',
        f'userName eq "{name}"',
        f'displayName eq "{name}"',
        f'groups.value eq "{group}"',
    ):
        for kind in ("", "/Users", "/Groups"):
            yield Asking("GET", f"{kind}?{httpx2.QueryParams({'filter': filter_})}")
            yield Asking("POST", f"{kind}/.search", {"schemas": [f"{MESSAGE}:SearchRequest"], "filter": filter_})
    joins = {"op": "add", "path": "members", "value": [{"value": user}]}
    yield Asking("PATCH", f"/Groups/{own_group}", {**patch, "Operations": [joins]})


def test_nothing_that_one_tenants_provider_said_is_there_for_anothers(two: Two, spaces: tuple[Space, Space]) -> None:
    one, other = spaces
    before = two.books.digests(two.one.id)
    nowhere = (str(uuid4()), str(uuid4()), f"scim.{uuid4().hex[:8]}")
    there = list(askings(one.user, one.group, one.name, other.group))
    found: list[str] = []
    for asked, made_up in zip(there, askings(*nowhere, other.group), strict=True):
        answer, unseen = (each.send(two.http, other.url, other.headers) for each in (asked, made_up))
        shown = told(answer, (one.user, one.group, one.name))
        if shown != told(unseen, nowhere) or answer.status_code >= 500:
            found.append(f"{asked}: {shown} is not {told(unseen, nowhere)}")
    assert not found, "\n".join(found)
    assert two.books.digests(two.one.id) == before
    own = [each.send(two.http, one.url, one.headers) for each in there if each.method == "GET"]
    assert sum(one.user in answer.text for answer in own) > 4, "to whom it belongs it is there"


def test_no_token_but_a_scim_upstreams_is_taken(two: Two, spaces: tuple[Space, Space]) -> None:
    one, _ = spaces
    secret = one.token
    wrong = {
        **forgeries(two),
        "an administrator's": two.token(two.one, "admin"),
        "cut off": secret[:-4],
        "of another tenant by name": secret.replace(two.one.id.replace("-", ""), two.other.id.replace("-", "")),
    }
    before = two.books.digests(two.one.id)
    asked = [*askings(one.user, one.group, one.name, one.group), *(Asking("GET", path) for path in DISCOVERY)]
    for why, token in wrong.items():
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answers = {each.send(two.http, one.url, headers).status_code for each in asked}
        assert answers == {401}, why
    assert two.books.digests(two.one.id) == before

"""Requests as a broken or hostile SCIM client sends them: close enough to good ones to come far."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from .scim_client import BULK, ENTERPRISE, GROUP, PATCH, SEARCH, USER

ADA, BOB, STAFF = "ADA-ID", "BOB-ID", "STAFF-ID"
"""Stand for the ids of two users and a group that are there."""

BROKEN = ["\x00", "\ud800", "\u202e", "\U0001d518", "a" * 400, "", " ", "%", "'\"\\", ADA, "ada", "Ada", "bob"]
TEXT = st.sampled_from(BROKEN) | st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.sampled_from(
    [
        *("id", "externalId", "userName", "displayName", "name", "name.givenName", "NAME.familyname", "active"),
        *("emails", "emails.value", "emails.primary", "groups", "groups.value", "members", "members.value", "roles"),
        *("meta", "meta.created", "meta.version", "schemas", "password", "x509Certificates.value", "photos.value"),
        *(ENTERPRISE, f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager.value", f"{USER}:userName", f"{GROUP}:members"),
        *("nothing", "nothing.at", "urn:", "$", "members.$ref", "emails..value", "emails[0]", ""),
    ]
)
VALUES = SCALARS.map(json.dumps) | st.sampled_from(['"2020-01-01T00:00:00Z"', "True", "'x'", "1e400", '"', "-", "\\"])
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "is"])
COMPARISONS = st.builds("{} {} {}".format, ATTRIBUTES, OPERATORS, VALUES) | ATTRIBUTES.map("{} pr".format)
FILTERS = (
    st.recursive(
        COMPARISONS,
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("{} or {}".format, inner, inner)
            | inner.map("not ({})".format)
            | st.builds("{}[{}]".format, ATTRIBUTES, inner)
        ),
        max_leaves=6,
    )
    | st.integers(1, 3_000).map(lambda depth: "(" * depth + "id pr" + ")" * depth)
    | st.integers(1, 900).map(lambda depth: "not (" * depth + "id pr" + ")" * depth)
    | TEXT
)
PATHS = ATTRIBUTES | st.builds("{}[{}]".format, ATTRIBUTES, FILTERS) | st.builds("emails[{}].value".format, FILTERS)


def mostly(*values: Any) -> st.SearchStrategy[Any]:
    """Mostly something that fits, else anything."""
    return st.sampled_from(values) | JSON


EMAILS = mostly([{"value": "a@x.test", "type": "work"}], [{"value": "a", "primary": "True"}], [{}], [None])
USERS = st.fixed_dictionaries(
    {"schemas": mostly([USER], [USER, ENTERPRISE], []), "userName": mostly("eve", "ADA", "bob")},
    optional={
        "id": mostly(ADA),
        "active": st.sampled_from([True, "False"]) | JSON,
        "emails": EMAILS,
        "name": mostly({"givenName": "A"}, {"formatted": None}),
        "roles": mostly([{"value": "Teachers"}], ["Teachers"]),
        "groups": mostly([{"value": STAFF}]),
        "meta": mostly({"resourceType": "Group"}, {"created": "yesterday"}),
        ENTERPRISE: mostly({"manager": ADA}, {"organization": "nowhere"}),
    },
)
MEMBERS = st.lists(st.sampled_from([ADA, BOB, STAFF, "nobody"]).map(lambda one: {"value": one}) | JSON, max_size=4)
GROUPS = st.fixed_dictionaries(
    {"schemas": mostly([GROUP]), "displayName": mostly("Teachers", "Staff")},
    optional={"members": MEMBERS | JSON, "externalId": mostly("Teachers"), "id": mostly(STAFF)},
)
OPERATIONS = st.fixed_dictionaries(
    {"op": mostly("add", "Replace", "remove", "Remove")},
    optional={
        "path": PATHS | JSON,
        "value": MEMBERS | EMAILS | USERS | st.dictionaries(PATHS, JSON, max_size=3) | JSON,
    },
)
PATCHES = st.fixed_dictionaries(
    {"schemas": mostly([PATCH]), "Operations": st.lists(OPERATIONS | JSON, max_size=4) | JSON}
)
PLACES = st.sampled_from([f"/Users/{ADA}", f"/Groups/{STAFF}", "/Users/nobody", f"/Groups/{ADA}", "/Users", "/Groups"])
BULKS = st.fixed_dictionaries(
    {
        "schemas": mostly([BULK]),
        "Operations": st.lists(
            st.fixed_dictionaries(
                {"method": mostly("POST", "PUT", "PATCH", "DELETE"), "path": PLACES | JSON},
                optional={
                    "bulkId": mostly("b1", "b2"),
                    "version": mostly('W/"1"'),
                    "data": USERS | GROUPS | PATCHES | JSON,
                },
            )
            | JSON,
            max_size=4,
        )
        | JSON,
    },
    optional={"failOnErrors": mostly(0, 1)},
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "filter": FILTERS,
        "sortBy": PATHS,
        "sortOrder": mostly("descending"),
        "startIndex": st.integers(-3, 2**70) | TEXT,
        "count": st.integers(-3, 2**70) | TEXT,
        "attributes": st.lists(PATHS, max_size=3).map(",".join),
        "excludedAttributes": PATHS,
        "cursor": TEXT,
    },
)
SEARCHES = QUERIES.map(lambda query: {"schemas": [SEARCH], **query})
HEADERS = st.dictionaries(
    st.sampled_from(["If-Match", "If-None-Match", "Accept", "X-HTTP-Method-Override"]),
    st.sampled_from(['W/"1"', "*", '"', "W/", ",,,", '"1", W/"2"']) | st.text('!~ ,*"/W1', max_size=30),
    max_size=2,
)


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def query(given: dict[str, Any]) -> str:
    return urlencode(given, errors="surrogatepass")


ANY_BODY = (
    st.one_of(USERS, GROUPS, PATCHES, BULKS, SEARCHES, JSON).map(written)
    | st.binary(max_size=60)
    | st.sampled_from([b"[" * 50_000, b'{"a":' * 50_000, b"", b"null", b'{"schemas":1e999}', b'"\\ud800"'])
)
TYPES = st.sampled_from(
    ["application/scim+json", "application/json", "application/json; charset=utf-16", "text/xml", ""]
)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Any request with a valid token."""
    headers = tuple(draw(HEADERS).items())
    kind = draw(st.sampled_from(["search", "posted search", "write", "write", "patch", "patch", "bulk", "any"]))
    if kind == "search":
        return Sent(
            "GET", draw(st.sampled_from(["", "/Users", "/Groups"]) | PLACES), query(draw(QUERIES)), b"", headers
        )
    if kind == "any":
        method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
        typed = (*headers, ("Content-Type", draw(TYPES)))
        path = draw(
            PLACES | st.sampled_from(["/Bulk", "/Me", "/Schemas", "//", "/Users/%00", "/Users/%F0", "/.search"])
        )
        return Sent(method, path, query(draw(QUERIES)), draw(ANY_BODY), typed)
    typed = (*headers, ("Content-Type", "application/scim+json"))
    if kind == "posted search":
        path = draw(st.sampled_from(["/.search", "/Users/.search", "/Groups/.search"]))
        return Sent("POST", path, "", written(draw(SEARCHES)), typed)
    if kind == "bulk":
        return Sent("POST", "/Bulk", "", written(draw(BULKS)), typed)
    path = draw(PLACES)
    if kind == "patch":
        return Sent("PATCH", path, "", written(draw(PATCHES)), typed)
    body = written(draw(USERS if "Users" in path else GROUPS))
    return Sent("PUT" if path.count("/") > 1 else "POST", path, "", body, typed)

"""Whatever comes by the routing keys of Keycloak is read, or refused by itself: nothing stops the consumer."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.keycloak.reading import read_upstreams
from usher_identity.keycloak.translating import ADMIN, CLIENT
from usher_kit.wire import MAX_BODY_BYTES, Message

ANY_TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)
SHOWN = st.dictionaries(
    st.sampled_from(["username", "firstName", "lastName", "email", "enabled", "attributes", "groups", "name", "path"]),
    JSON,
)
PATHS = st.sampled_from(
    [
        "users/k1",
        "users/k1/groups/g1",
        "users/k1/role-mappings/realm",
        "users/k1/role-mappings/clients/c1",
        "users/",
        "",
    ]
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "time": st.integers() | st.integers(0, 2**43) | JSON,
        "realmId": JSON,
        "error": st.none() | JSON,
        "resourceType": st.sampled_from([one.partition(".")[0] for one in ADMIN]) | JSON,
        "operationType": st.sampled_from(["CREATE", "UPDATE", "DELETE", "ACTION"]) | JSON,
        "resourcePath": PATHS | JSON,
        "representation": st.none() | (SHOWN | JSON).map(lambda one: written(one).decode()) | JSON,
        "type": st.sampled_from(sorted(CLIENT)) | JSON,
        "userId": JSON,
        "clientId": JSON,
        "details": st.dictionaries(ANY_TEXT, ANY_TEXT | st.none()) | JSON,
    },
)
KEYS = st.sampled_from(
    ["KK.EVENT.ADMIN.r.SUCCESS.USER.CREATE", "KK.EVENT.CLIENT.r.SUCCESS.c.LOGIN", "KK.EVENT.ADMIN.r.ERROR.X.Y"]
)
HEADERS = st.dictionaries(st.sampled_from(["traceparent", "__TypeId__", "ce-id"]), JSON | st.binary(max_size=80))


def written(value: object) -> bytes:
    """As JSON, where it can be; a number or a text that JSON cannot hold is written as Python shows it."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return repr(value).encode(errors="replace")


@given(KEYS | ANY_TEXT.map(lambda one: f"KK.EVENT.{one}"), HEADERS, BODIES.map(written) | st.binary(max_size=200))
def test_every_message_is_one_event_or_one_refusal(key: str, headers: dict[str, object], body: bytes) -> None:
    taken, refused = read_upstreams(Message(key, "application/json", headers, body))
    assert len(taken) + len(refused) == 1
    for one in refused:
        assert (one.reason, one.body, one.routing_key) == ("invalid", body, key)
        assert one.detail


def test_deep_huge_and_unwritable_bodies_are_refused_each_by_itself() -> None:
    key = "KK.EVENT.ADMIN.r.SUCCESS.USER.UPDATE"
    deep = b'{"time":1,"operationType":"UPDATE","resourceType":"USER","x":' + b"[" * 100_000
    inner = {"time": 1, "resourceType": "USER", "operationType": "UPDATE", "resourcePath": "users/k1"}
    for body in (
        deep,
        b" " * (MAX_BODY_BYTES + 1),
        orjson.dumps({**inner, "representation": "[" * 100_000}),
        orjson.dumps({**inner, "representation": '{"username":"\\ud800"}'}),
        orjson.dumps({**inner, "representation": '{"username":"a\x00"}'}),
        orjson.dumps({**inner, "time": 2**63}),
        orjson.dumps({**inner, "time": -1}),
        b'{"time":1e400,"resourceType":"USER","operationType":"UPDATE"}',
    ):
        taken, refused = read_upstreams(Message(key, "application/json", {}, body))
        assert (taken, len(refused)) == ([], 1), body[:80]
        assert len(refused[0].body) <= MAX_BODY_BYTES

"""Whatever an upstream sends is read as commands, or refused item by item: nothing stops the consumer."""

from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_kit.commands import UNDERSTOOD, Malformed, read_commands
from usher_kit.wire import MAX_BODY_BYTES, Message

TENANT = "019a0000-0000-7000-8000-000000000001"
HEADER = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64),
    st.floats(),
    st.decimals(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
"""What an AMQP table may hold."""
HEADERS = st.dictionaries(
    st.sampled_from(["ce-id", "ce-sequence", "ce-time", "ce-type", "ce-tenantid", "ce-traceparent", "ce-actor", "x"]),
    HEADER,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NAMED = st.dictionaries(
    st.sampled_from(["external_id", "user_name", "display_name", "organization", "roles", "status", "at", "tenant_id"]),
    JSON,
)
ITEMS = st.lists(
    st.fixed_dictionaries({}, optional={"id": JSON, "sequence": JSON, "time": JSON, "data": NAMED | JSON}) | JSON,
    max_size=5,
)


def written(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return repr(value).encode(errors="replace")


@given(
    st.sampled_from([one.removeprefix("usher.") for one in UNDERSTOOD]) | st.text(max_size=10),
    HEADERS,
    (NAMED | JSON | ITEMS).map(written) | st.binary(max_size=100),
    st.sampled_from(["application/json", BATCH_CONTENT_TYPE, ""]),
)
def test_every_message_is_commands_and_refusals(
    type_: str, headers: dict[str, object], body: bytes, content_type: str
) -> None:
    read_commands(Message(f"{TENANT}.hr.{type_}", content_type, headers, body))


@given(ITEMS)
def test_a_good_command_among_others_is_always_read(items: list[object]) -> None:
    good = {"id": "good", "sequence": 1, "data": {"external_id": "e1"}}
    try:
        body = orjson.dumps([*items, good])
    except TypeError:
        return
    message = Message(f"{TENANT}.hr.upstream.user.archive.v1", BATCH_CONTENT_TYPE, {}, body)
    taken, refused = read_commands(message)
    if b"\\u0000" not in body:
        assert len(taken) + len(refused) == len(items) + 1
    assert any(one.id == "good" and not isinstance(one.data, Malformed) for one in taken)


@pytest.mark.parametrize(
    "headers", [{"ce-id": "1", "ce-time": datetime.max.replace(tzinfo=UTC)}, {"ce-id": Decimal(1)}]
)
def test_huge_deep_and_overfull_bodies_are_one_refusal_each(headers: dict[str, object]) -> None:
    key = f"{TENANT}.hr.upstream.user.archive.v1"
    overfull = orjson.dumps([{"id": str(n), "sequence": n, "data": {}} for n in range(1_001)])
    for content_type in ("application/json", BATCH_CONTENT_TYPE):
        for body in (b"[" * 100_000, b" " * (MAX_BODY_BYTES + 1), overfull, b'{"external_id":"\\ud800"}'):
            taken, refused = read_commands(Message(key, content_type, headers, body))
            assert len(taken) + len(refused) == 1
            assert all(isinstance(one.data, Malformed) for one in taken)

"""Commands as they come from outside: whatever the bytes, each is a command, a reason, or a dead letter."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_contracts.upstream import COMMANDS, UserArchive
from usher_kit.commands import Malformed, order_of, read_commands
from usher_kit.consuming import refused_event, to_dead_row
from usher_kit.telemetry.propagation import context_of, is_sampled, link_to
from usher_kit.wire import Message

TENANT = "01a2108f-078d-7123-9e28-95ad962d6a91"
KEY = f"{TENANT}.hr.upstream.user.archive.v1"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
TEXT = st.text(max_size=40)
VALUES = TEXT | st.integers() | st.binary(max_size=20) | st.booleans() | st.none()
NAMES = st.sampled_from(
    ["id", "sequence", "time", "type", "tenantid", "traceparent", "subject", "orgid", "specversion"]
)


@given(
    st.sampled_from([f"{TENANT}.hr.{type_.removeprefix('usher.')}" for type_ in COMMANDS]) | TEXT,
    st.sampled_from(["application/json", BATCH_CONTENT_TYPE, ""]),
    st.dictionaries(NAMES.map("ce-{}".format), VALUES, max_size=6),
    JSON.map(orjson.dumps) | st.binary(max_size=60),
)
def test_no_bytes_break_the_reader_and_none_are_lost(
    key: str, content_type: str, headers: dict[str, object], body: bytes
) -> None:
    commands, refused = read_commands(Message(key, content_type, headers, body))
    is_empty_batch = content_type == BATCH_CONTENT_TYPE and body.strip() == b"[]"
    assert commands or refused or is_empty_batch
    for one in commands:
        assert "\x00" not in one.id
        assert isinstance(order_of(one), int)
        assert to_dead_row(refused_event(one, "why", "what"), "identity").routing_key == "identity.dead"
        is_sampled(one.traceparent)
        context_of(one.traceparent, one.tracestate)
        list(link_to(one.traceparent or ""))
    for bad in refused:
        to_dead_row(bad, "identity")


def test_a_batch_holds_commands_each_with_its_own_order() -> None:
    items = [{"id": f"c{n}", "sequence": str(n), "data": {"external_id": f"e{n}"}} for n in range(3)]
    items.append({"id": "c3", "data": {"external_id": "e3"}})
    commands, refused = read_commands(Message(KEY, BATCH_CONTENT_TYPE, {}, orjson.dumps(items)))
    assert refused == []
    assert [order_of(one) for one in commands[:3]] == [0, 1, 2]
    assert [isinstance(one.data, UserArchive) for one in commands] == [True, True, True, False]
    assert isinstance(commands[3].data, Malformed)
    assert {str(one.tenantid) for one in commands} == {TENANT}


def test_a_dead_letter_keeps_what_orders_the_command() -> None:
    headers = {"ce-id": "c1", "ce-sequence": "7"}
    [command], _ = read_commands(Message(KEY, "application/json", headers, b'{"external_id": "e1"}'))
    row = to_dead_row(refused_event(command, "unknown_upstream", ""), "identity")
    again = {f"ce-{name}": value for name, value in orjson.loads(row.attributes).items()}
    assert "ce-time" not in again
    [same], _ = read_commands(Message(again["ce-deadkey"], "application/json", again, row.body.encode()))
    assert same.model_dump() == command.model_dump()

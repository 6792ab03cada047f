"""Messages as bytes: what is sent is read again, and one bad fact does not spoil the others."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_contracts.topology import BATCH_CONTENT_TYPE, BATCH_MAX_BYTES, BATCH_MAX_FACTS
from usher_kit.outbox import OutboxRow, to_row
from usher_kit.wire import MAX_BODY_BYTES, Message, cut, decode, encode_batch, encode_one

MakeEvent = Callable[..., Event[UserChanged]]


def test_one_fact_is_read_as_it_was_written(user_changed: MakeEvent) -> None:
    event = user_changed()
    assert decode(encode_one(to_row(event))) == ([event], [])


def test_a_batch_is_read_as_it_was_written(user_changed: MakeEvent) -> None:
    events = [user_changed() for _ in range(7)]
    assert decode(encode_batch([to_row(event) for event in events])) == (events, [])


def test_a_bad_fact_in_a_batch_is_refused_alone(user_changed: MakeEvent) -> None:
    items = orjson.loads(encode_batch([to_row(user_changed()) for _ in range(3)]).body)
    items[1]["data"]["version"] = "many"
    events, refused = decode(Message("identity.user.changed.v1", BATCH_CONTENT_TYPE, {}, orjson.dumps(items)))
    assert [event.id for event in events] == [items[0]["id"], items[2]["id"]]
    assert [(one.reason, "version" in one.detail) for one in refused] == [("invalid", True)]


def message(body: bytes, *, key: str = "identity.user.changed.v1", **headers: str) -> Message:
    return Message(key, "application/json", {f"ce-{name}": value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("story", "broken", "reason", "told"),
    [
        ("broken JSON", message(b'{"id": '), "invalid", "JSON"),
        ("a wrong type", message(b"[1, 2]"), "invalid", "object"),
        ("a future major", message(b"{}", type="usher.identity.user.changed.v2"), "unknown_type", "major version 2"),
        ("no type of ours", message(b"{}", key="weather.changed.v1"), "unknown_type", "no type in the catalogue"),
        ("an oversized body", message(b" " * (MAX_BODY_BYTES + 1)), "oversized", str(MAX_BODY_BYTES)),
        (
            "a batch that is none",
            Message("identity.user.changed.v1", BATCH_CONTENT_TYPE, {}, b"{}"),
            "invalid",
            "array",
        ),
        ("bytes that are no text", message(b"\xff\xfe"), "invalid", "JSON"),
    ],
)
def test_what_can_never_apply_is_refused_with_its_reason(story: str, broken: Message, reason: str, told: str) -> None:
    events, refused = decode(broken)
    assert not events, story
    assert [(one.reason, told in one.detail) for one in refused] == [(reason, True)], story


def test_an_envelope_that_contradicts_its_fact_is_refused(user_changed: MakeEvent) -> None:
    row = to_row(user_changed())
    attributes: dict[str, Any] = orjson.loads(row.attributes)
    attributes["tenantid"] = "00000000-0000-0000-0000-00000000000f"
    forged = OutboxRow(row.tenant_id, row.exchange, row.routing_key, orjson.dumps(attributes).decode(), row.body)
    events, refused = decode(encode_one(forged))
    assert not events
    assert "tenantid" in refused[0].detail


def test_a_refusal_never_repeats_the_values(user_changed: MakeEvent) -> None:
    row = to_row(user_changed())
    body = row.body.replace('"active"', '"ada@example.org"')
    _, refused = decode(encode_one(OutboxRow(row.tenant_id, row.exchange, row.routing_key, row.attributes, body)))
    assert "ada@example.org" not in refused[0].detail


@given(st.lists(st.integers(1, BATCH_MAX_BYTES), max_size=400))
def test_cut_keeps_every_row_in_order_within_both_limits(sizes: list[int]) -> None:
    rows = [OutboxRow(None, "", "", "", "x" * size) for size in sizes]  # type: ignore[arg-type]
    parts = list(cut(rows))
    assert [row for part in parts for row in part] == rows
    for part in parts:
        assert 1 <= len(part) <= BATCH_MAX_FACTS
        assert len(part) == 1 or sum(len(row.body) for row in part) <= BATCH_MAX_BYTES


@given(st.binary(max_size=300), st.sampled_from(["application/json", BATCH_CONTENT_TYPE]))
def test_no_bytes_break_the_reader(body: bytes, content_type: str) -> None:
    events, refused = decode(Message("identity.user.changed.v1", content_type, {}, body))
    assert not events
    assert len(refused) <= 1 or content_type == BATCH_CONTENT_TYPE

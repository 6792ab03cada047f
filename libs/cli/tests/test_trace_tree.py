"""One role change as a tree over all services, from spans that several processes wrote to one store."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from rich.console import Console

from usher_cli.failure import Failure
from usher_cli.tracing.drawing import draw
from usher_cli.tracing.spans import Span, SpanReader
from usher_cli.tracing.tree import Node, build, under_their_facts
from usher_kit.telemetry.store import INSERT, connect

TRACE = "0af7651916cd43dd8448eb211c80319c"
USER = "0192f0c0-0000-7000-8000-00000000000a"
MS = 1_000_000
BEGAN = 1_790_000_000_000 * MS

Written: TypeAlias = tuple[str, str | None, str, str, int, int, dict[str, Any]]
"""A span as a test writes it: id, parent, service, name, start and end in ms, attributes."""

FLOW: list[Written] = [
    ("put", None, "identity", "PUT /v1/users/{user_id}/roles", 0, 12, {"http.target": f"/v1/users/{USER}/roles"}),
    ("sql1", "put", "identity", "SELECT usher_identity", 2, 3, {"db.system": "postgresql"}),
    ("sql2", "put", "identity", "UPDATE usher_identity", 4, 6, {"db.system": "postgresql"}),
    ("pub1", "put", "identity", "publish identity.user.changed.v1", 13, 15, {"messaging.message.id": "m1"}),
    ("app1", "pub1", "entitlements", "apply identity.user.changed.v1", 16, 24, {"usher.fact.subject": USER}),
    ("app5", "pub1", "reporting", "apply identity.user.changed.v1", 17, 22, {"usher.fact.subject": USER}),
    ("pub2", "app1", "entitlements", "publish entitlements.seat.changed.v1", 25, 27, {"messaging.message.id": "m2"}),
    ("app2", "pub2", "usage", "apply entitlements.seat.changed.v1", 28, 33, {"usher.fact.version": 4}),
    ("app3", "pub2", "notifications", "apply entitlements.seat.changed.v1", 28, 35, {}),
    ("app4", "pub2", "reporting", "apply entitlements.seat.changed.v1", 29, 31, {}),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "spans.sqlite")
    yield connection
    connection.close()


@pytest.fixture
def reader(tmp_path: Path) -> SpanReader:
    return SpanReader(tmp_path / "spans.sqlite")


def write(store: sqlite3.Connection, *spans: Written, **more: Any) -> None:
    for span_id, parent, service, name, start, end, attributes in spans:
        began = BEGAN + more.get("later", 0)
        store.execute(
            INSERT,
            (
                more.get("trace", TRACE),
                span_id,
                parent,
                f"usher-{service}",
                name,
                "internal",
                began + start * MS,
                began + end * MS,
                None,
                json.dumps(attributes),
                json.dumps(more.get("links", [])),
            ),
        )


def outline(node: Node) -> Any:
    below = [outline(child) for child in node.children]
    return (node.span.span_id, below) if below else node.span.span_id


def test_one_role_change_is_one_tree_over_five_services(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *reversed(FLOW))
    trace = build(reader.trace(TRACE))
    assert [outline(root) for root in trace.roots] == [
        ("put", [("pub1", [("app1", [("pub2", ["app2", "app3", "app4"])]), "app5"])])
    ]
    assert trace.ended_ns - trace.began_ns == 35 * MS
    assert trace.services == [f"usher-{s}" for s in ("identity", "entitlements", "reporting", "usage", "notifications")]


def test_statements_are_folded_and_counted_or_shown_on_demand(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW)
    spans = reader.trace(TRACE)
    assert build(spans).roots[0].statements == 2
    assert {"sql1", "sql2"} <= {node.span.span_id for node in build(spans, with_statements=True).roots[0].walk()}


def test_what_hangs_below_a_statement_is_not_lost_with_it(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW, ("inner", "sql1", "identity", "something of ours", 2, 3, {}))
    assert "inner" in {node.span.span_id for node in build(reader.trace(TRACE)).roots[0].walk()}


def test_a_span_whose_parent_was_not_kept_stands_at_the_top(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW[4:])
    assert [root.span.span_id for root in build(reader.trace(TRACE)).roots] == ["app1", "app5"]


def test_statements_of_a_batch_are_hung_under_the_fact_that_it_applied(
    store: sqlite3.Connection, reader: SpanReader
) -> None:
    write(store, *FLOW)
    batch: Written = ("batch", None, "usage", "apply batch", 28, 33, {})
    other: Written = ("other", None, "usage", "apply batch", 90, 99, {})
    write(
        store,
        batch,
        ("sql3", "batch", "usage", "INSERT usher_usage", 29, 30, {"db.system": "postgresql"}),
        trace="b" * 32,
        links=[f"{TRACE}-pub2"],
    )
    write(store, other, trace="c" * 32, links=["d" * 32 + "-else"])
    spans = under_their_facts(reader.trace(TRACE), reader.batches(TRACE))
    tree = {node.span.span_id: outline(node) for node in build(spans, with_statements=True).roots[0].walk()}
    assert tree["app2"] == ("app2", [("batch", ["sql3"])])
    assert "other" not in tree


def test_flows_of_a_person_are_found_newest_first(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW)
    write(store, *FLOW, trace="e" * 32, later=5_000 * MS)
    write(store, ("x", None, "identity", "GET /v1/users", 0, 1, {}), trace="f" * 32, later=9_000 * MS)
    assert reader.touching_user(USER, 10) == ["e" * 32, TRACE]
    assert reader.touching_user(USER, 1) == ["e" * 32]


def test_a_message_leads_to_its_trace(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW)
    assert reader.with_message("m2") == [TRACE]
    assert reader.with_message("m") == []


def test_a_missing_store_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="usher up"):
        SpanReader(tmp_path / "nowhere.sqlite").trace(TRACE)


def test_the_drawing_says_service_offset_and_duration(store: sqlite3.Connection, reader: SpanReader) -> None:
    write(store, *FLOW)
    console = Console(width=160, record=True, force_terminal=False)
    console.print(draw(build(reader.trace(TRACE))))
    lines = console.export_text().splitlines()
    assert "35.0 ms through identity → entitlements → reporting → usage → notifications" in lines[1]
    [line] = [line for line in lines if "apply entitlements.seat.changed.v1" in line and "usage" in line]
    assert "+28.0 ms" in line
    assert "5.00 ms" in line
    assert "   │     ├─ apply" in line or "│     ├─ apply" in line
    [first] = [line for line in lines if "PUT /v1/users" in line]
    assert "2 SQL" in first


def test_a_bar_never_leaves_its_column() -> None:
    span = Span("t", "s", None, "x", "n", "internal", BEGAN, BEGAN, None, {})
    console = Console(width=120, record=True)
    console.print(draw(build([span])))
    assert "━" in console.export_text()

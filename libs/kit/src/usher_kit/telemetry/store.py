"""A small local store of spans, shared by the processes of one machine: bounded, and read by `usher trace`."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

KEPT_SPANS = 200_000
"""Spans kept; the oldest give way."""

SCHEMA = """
    create table if not exists span (
        number integer primary key, trace_id text not null, span_id text not null, parent_id text,
        service text not null, name text not null, kind text not null, started_ns integer not null,
        ended_ns integer not null, error text, attributes text not null, links text not null
    );
    create index if not exists span_trace on span (trace_id);
"""
INSERT = """
    insert into span (trace_id, span_id, parent_id, service, name, kind, started_ns, ended_ns, error, attributes, links)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
TRIM = "delete from span where number <= (select max(number) from span) - ?"


def connect(path: Path) -> sqlite3.Connection:
    """The store at `path`, made when it is missing; several processes may write at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.executescript(SCHEMA)
    return connection


class SpanStore(SpanExporter):
    """Writes spans to the store; a lost span is no lost fact, so a store that is busy or gone is let be."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._lock = Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            with self._lock:
                self._connection.execute("begin immediate")
                self._connection.executemany(INSERT, [to_row(span) for span in spans])
                self._connection.execute(TRIM, (KEPT_SPANS,))
                self._connection.execute("commit")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        with self._lock:
            self._connection.close()


def to_row(span: ReadableSpan) -> tuple[object, ...]:
    """One span as the table's columns, ids in hexadecimal."""
    context = span.get_span_context()
    assert context is not None  # noqa: S101 (an exported span has one)
    return (
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else None,
        str(span.resource.attributes.get("service.name", "")),
        span.name,
        span.kind.name.lower(),
        span.start_time or 0,
        span.end_time or 0,
        None if span.status.is_ok or span.status.is_unset else (span.status.description or "error"),
        orjson.dumps(dict(span.attributes or {}), default=str).decode(),
        orjson.dumps([f"{link.context.trace_id:032x}-{link.context.span_id:016x}" for link in span.links]).decode(),
    )

"""Spans as the local store keeps them, and what is asked of it: one trace, or those that touched a person."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usher_cli.failure import Failure
from usher_kit.telemetry.names import MESSAGING_MESSAGE_ID

COLUMNS = "trace_id, span_id, parent_id, service, name, kind, started_ns, ended_ns, error, attributes"

TRACE = f"select {COLUMNS} from span where trace_id = ? order by started_ns, number"

BATCHES = f"""
    select {COLUMNS} from span where trace_id in (select trace_id from span where links like '%' || ? || '-%')
    order by started_ns, number
"""

TOUCHING_USER = "attributes like '%' || ? || '%'"
WITH_MESSAGE = f"""json_extract(attributes, '$."{MESSAGING_MESSAGE_ID}"') = ?"""
LATEST = """
    select trace_id from span where trace_id in (select trace_id from span where {which})
    group by trace_id order by min(started_ns) desc limit ?
"""


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times in nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: str
    started_ns: int
    ended_ns: int
    error: str | None
    attributes: Mapping[str, Any]

    @property
    def is_statement(self) -> bool:
        """Whether this is a database's work rather than ours."""
        return any(name.startswith("db.") for name in self.attributes)


@dataclass(frozen=True, slots=True)
class SpanReader:
    """Reads the store at `path`, never writing to it."""

    path: Path

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of one trace, in the order in which they began; empty where the store has none."""
        return self._spans(TRACE, trace_id)

    def batches(self, trace_id: str) -> list[Span]:
        """The spans of the batches in which facts of the trace were applied: traces of their own, linked to it."""
        return self._spans(BATCHES, trace_id)

    def touching_user(self, user_id: str, limit: int) -> list[str]:
        """The latest traces with a call or a fact about a person, newest first."""
        return self._traces(TOUCHING_USER, user_id, limit)

    def with_message(self, message_id: str) -> list[str]:
        """The trace in which a message was published and applied."""
        return self._traces(WITH_MESSAGE, message_id, 1)

    def _spans(self, query: str, trace_id: str) -> list[Span]:
        return [from_row(row) for row in self._rows(query, trace_id)]

    def _traces(self, which: str, value: str, limit: int) -> list[str]:
        return [str(row[0]) for row in self._rows(LATEST.format(which=which), value, limit)]

    def _rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        if not self.path.is_file():
            raise Failure(f"No spans are kept at {self.path}: `usher up` starts the services with a span store.")
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise Failure(f"The span store at {self.path} cannot be read: {error}.") from error
        finally:
            connection.close()


def from_row(row: Sequence[Any]) -> Span:
    return Span(**dict(zip(COLUMNS.split(", "), row, strict=True)) | {"attributes": json.loads(row[-1])})

"""What logs and spans must not say: values of people, and secrets (messages: Reliability, Erasure).

Texts of errors are others' to write: a driver's names the row that was there before, a library's the input that it did
not like, an address what was searched for.
"""

import re
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status
from opentelemetry.util.types import Attributes
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExceptionContext

HIDDEN = "[hidden]"
ADDRESSES = frozenset({"http.url", "http.target", "url.full", "url.query", "url.path"})
"""Attributes with addresses of requests: their queries search for people and sign them in, and paths may name them."""

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[a-z-]+)?|\d+")

RULES = (
    (re.compile(r"\n(?:DETAIL|CONTEXT):[^\n]*"), ""),
    (re.compile(r"(?s)input_value=.*?, input_type="), f"input_value={HIDDEN}, input_type="),
    (re.compile(r"invalid input for query argument (\$\d+):.*"), rf"invalid input for query argument \1: {HIDDEN}"),
    (re.compile(r"(invalid input (?:syntax|value) for [\w ]+:) \".*\""), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"(?i)((?:password|passwd|secret|token|assertion)[\"']?\s*[=:]\s*)[\"']?[^\s\"'&,;]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(code|state|login_hint)=[^\s\"'&,;]+"), rf"\1={HIDDEN}"),
    (re.compile(r"[^\s\"'<>(),;:=/\\]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
)


def hide(text: str) -> str:
    """`text` without addresses, tokens and the values that errors of drivers and libraries tell."""
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


def hide_in(value: Any) -> Any:
    """A value of a log line, hidden wherever it is text."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {key: hide_in(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [hide_in(one) for one in value]
    return value


def hide_values(context: ExceptionContext) -> None:
    """An error of the database without the row's values, for whoever shows it: a log, a span, a dead letter."""
    error: BaseException | None = context.sqlalchemy_exception or context.original_exception
    for one in (error, context.original_exception, context.original_exception.__cause__):
        if one is not None:
            one.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in one.args)
            if one.__dict__.get("detail"):
                one.__dict__["detail"] = None


def make_discreet(engine: Engine) -> None:
    """Let no error of this engine's say values of rows."""
    event.listen(engine, "handle_error", hide_values)


class DiscreetExporter(SpanExporter):
    """Hands spans on without what they must not say."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Any) -> SpanExportResult:
        return self._inner.export([discreet(one) for one in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The span with what it says hidden: attributes, events and why it failed."""
    return ReadableSpan(
        name=hide(span.name),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes_of(span.attributes, is_served=span.kind is SpanKind.SERVER),
        events=[Event(one.name, attributes_of(one.attributes), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, hide(span.status.description) if span.status.description else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def attributes_of(given: Attributes, *, is_served: bool = False) -> Attributes:
    """Attributes without what they must not say; of a request that was served, addresses as far as its route goes."""
    told = dict(given or {})
    for name in ADDRESSES & told.keys():
        address = str(told[name]).partition("?")[0]
        told[name] = along(address, str(told.get("http.route", ""))) if is_served else address
    return {name: hide_in(value) for name, value in told.items()}


def along(address: str, route: str) -> str:
    """An address with the words of the route and with ids, and nothing else: what came in their place may be a name."""
    before, slashes, rest = address.partition("://")
    host, _, path = rest.partition("/") if slashes else ("", "", before.removeprefix("/"))
    asked, routed = path.split("/"), route.removeprefix("/").split("/")
    if len(asked) != len(routed):
        routed = [HIDDEN] * len(asked)
    said = [own if ID.fullmatch(own) or own == word else word for own, word in zip(asked, routed, strict=True)]
    return f"{before}://{host}/{'/'.join(said)}" if slashes else f"/{'/'.join(said)}"

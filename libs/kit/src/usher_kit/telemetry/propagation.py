"""Trace context as W3C headers write it, between spans, outbox rows and messages."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()


def traceparent_of(span: Span) -> str | None:
    """The `traceparent` that makes `span` the parent; none where there is no span."""
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def unsampled(traceparent: str) -> str:
    """The same trace, without the wish that it be recorded."""
    return traceparent[:-2] + "00"


def is_sampled(traceparent: str | None) -> bool:
    """Whether the sender records this trace."""
    return traceparent is not None and traceparent[-1:] in "13579bdf" and len(traceparent) > 2  # noqa: PLR2004


def context_of(traceparent: str | None, tracestate: str | None = None) -> Context:
    """The context that a message's trace attributes stand for; an unreadable one is none."""
    carrier = {"traceparent": traceparent or "", "tracestate": tracestate or ""}
    return PROPAGATOR.extract(carrier, context=Context())


def link_to(traceparent: str | None) -> list[trace.Link]:
    """A link to the span that `traceparent` names; none where it names none."""
    span = trace.get_current_span(context_of(traceparent)).get_span_context()
    return [trace.Link(span)] if span.is_valid else []

"""Set-up of tracing: who samples, where spans go, and what is instrumented by its library."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, Span, SpanKind, TraceState
from opentelemetry.util.types import Attributes, AttributeValue
from sqlalchemy.ext.asyncio import AsyncEngine

from usher_kit.telemetry.discretion import DiscreetExporter
from usher_kit.telemetry.store import SpanStore

TRACER = trace.get_tracer("usher")


class RootsThatMatter(Sampler):
    """Records what begins with a call or a message; polls of loops and relays begin nothing worth a trace."""

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if kind in (SpanKind.CLIENT, SpanKind.PRODUCER):
            return SamplingResult(Decision.DROP)
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return "RootsThatMatter"


def set_up(service: str, span_store: Path | None) -> None:
    """Send this process's spans to OTLP where its endpoint is set, else to the local store where one is named."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"usher-{service}"}), sampler=ParentBased(RootsThatMatter())
    )
    if goes_by_otlp():
        provider.add_span_processor(BatchSpanProcessor(DiscreetExporter(OTLPSpanExporter())))
    elif span_store is not None:
        provider.add_span_processor(
            BatchSpanProcessor(DiscreetExporter(SpanStore(span_store)), schedule_delay_millis=500)
        )
    trace.set_tracer_provider(provider)
    HTTPXClientInstrumentor().instrument()


def goes_by_otlp() -> bool:
    """Whether OpenTelemetry's own settings name where spans go."""
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") for name in ("ENDPOINT", "TRACES_ENDPOINT"))


def instrument_engine(engine: AsyncEngine, provider: trace.TracerProvider | None = None) -> None:
    """A span for each statement, inside the trace that runs it; by the process's provider unless one is given."""
    # It names SQLAlchemy 2.0 as the newest it knows, and works on what is locked here: a test holds it to that.
    SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, skip_dep_check=True, tracer_provider=provider)


def shut_down() -> None:
    """Hand over what spans are still held."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
    links: Sequence[Link] = (),
    attributes: dict[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """A span around a block; names come from `usher_kit.telemetry.names`."""
    with TRACER.start_as_current_span(name, context=context, kind=kind, links=links, attributes=attributes) as current:
        yield current

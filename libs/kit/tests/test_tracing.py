"""Traces reach through SQL: each statement is a span of the trace that runs it."""

from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from usher_kit.database import Database
from usher_kit.telemetry.tracing import instrument_engine

from .conftest import TENANT


async def test_a_statement_is_a_span_of_the_trace_that_runs_it(database: Database) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    # One engine a process is instrumented; another test's may have been.
    SQLAlchemyInstrumentor().uninstrument()
    instrument_engine(database.engine, provider)
    with provider.get_tracer("test").start_as_current_span("act") as act:
        async with database.transaction([TENANT]) as conn:
            await conn.execute(text("select count(*) from person"))
    statements = [
        one for one in spans.get_finished_spans() if "person" in str((one.attributes or {}).get("db.statement"))
    ]
    assert [one.context.trace_id for one in statements if one.context] == [act.get_span_context().trace_id]

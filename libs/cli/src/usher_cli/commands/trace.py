"""`usher trace`: one trace as a tree over all services, or the latest ones that touched a person or a message."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from usher_cli.clients.identity import is_id
from usher_cli.clients.session import Outside, open_session, outside
from usher_cli.environment import Environment
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table
from usher_cli.tracing.drawing import draw, milliseconds, short
from usher_cli.tracing.spans import SpanReader
from usher_cli.tracing.tree import Trace, build, under_their_facts

OTLP = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def trace(
    ctx: typer.Context,
    trace_id: Annotated[str | None, typer.Argument(metavar="ID", help="A trace id.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="The latest flows that touched this person.")] = None,
    message: Annotated[str | None, typer.Option("--message", help="The flow of this message.")] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=100, help="With --user: how many flows to list.")] = 10,
    statements: Annotated[bool, typer.Option("--sql", help="Show each database statement.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a flow through all services, with offsets and durations."""
    around = outside(ctx)
    reader = reader_of(around.environment)
    found = find(reader, around, trace_id, user, message, last)
    spans = [reader.trace(one) for one in found]
    if as_json:
        print_json({"items": [asdict(span) for of_one in spans for span in of_one], "next_cursor": None})
        return
    if len(found) > 1:
        print_flows([build(of_one) for of_one in spans])
    shown = under_their_facts(spans[0], reader.batches(found[0])) if statements else spans[0]
    show(draw(build(shown, with_statements=statements)))


def reader_of(environment: Environment) -> SpanReader:
    """The local store. Raises Failure where spans go elsewhere, or nowhere."""
    for name in OTLP:
        if endpoint := environment.get(name):
            raise Failure(f"Spans go to {endpoint} ({name}): look the trace up in what stands behind it.")
    path = environment.path("USHER_SPAN_STORE")
    if path is None:
        raise Failure("No spans are kept: USHER_SPAN_STORE is not set. `usher up` sets it for the services it starts.")
    return SpanReader(path)


def find(
    reader: SpanReader, around: Outside, trace_id: str | None, user: str | None, message: str | None, last: int
) -> Sequence[str]:
    """The traces asked for, at least one; exactly one of the three ways to ask must be taken."""
    if sum(one is not None for one in (trace_id, user, message)) != 1:
        raise Failure("Say what to trace: a trace id, --user USER or --message ID.")
    if trace_id is not None:
        found = [trace_id] if reader.trace(trace_id) else []
    elif message is not None:
        found = reader.with_message(message)
    else:
        found = reader.touching_user(id_of(around, str(user)), last)
    if not found:
        raise Failure(
            f"No spans of {trace_id or message or user} are kept at {reader.path}. Spans arrive within a second of "
            "their end, the oldest give way, and of large batches only the first facts are followed one by one."
        )
    return found


def id_of(around: Outside, user: str) -> str:
    """The id that a name stands for; an id needs no service to be asked."""
    if is_id(user):
        return user
    with open_session(around) as session:
        return str(session.identity.find_user(user)["id"])


def print_flows(traces: Sequence[Trace]) -> None:
    """The flows found, newest first; the first is drawn after the list."""
    rows = [
        (
            f"{datetime.fromtimestamp(one.began_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}",
            one.trace_id,
            one.roots[0].span.name,
            milliseconds(one.ended_ns - one.began_ns),
            " → ".join(map(short, one.services)),
        )
        for one in traces
    ]
    show(table(None, ["began (UTC)", "trace", "began with", "#took", "through"], rows))
    STDERR.print("The newest of them:\n", style="dim")

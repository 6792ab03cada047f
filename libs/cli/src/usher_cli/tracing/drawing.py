"""A trace as text: the tree, each span's service, offset from the beginning, duration, and a bar on one time line."""

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from usher_cli.tracing.spans import Span
from usher_cli.tracing.tree import Node, Trace
from usher_kit.telemetry.names import FACT_SUBJECT, FACT_VERSION, MESSAGING_BATCH_COUNT

BAR = 24
COLORS = ["cyan", "green", "yellow", "magenta", "blue", "bright_red"]


def draw(trace: Trace) -> RenderableType:
    """The whole trace, with a heading."""
    colors = {service: COLORS[place % len(COLORS)] for place, service in enumerate(trace.services)}
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("span", overflow="fold")
    table.add_column("service", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for place, root in enumerate(trace.roots):
        add(table, trace, colors, root, "", "", is_last=place == len(trace.roots) - 1, is_root=True)
    return Group(heading(trace), table)


def heading(trace: Trace) -> Text:
    """When it began, how long it took from first to last, and through which services it went."""
    began = datetime.fromtimestamp(trace.began_ns / 1e9, UTC)
    services = " → ".join(map(short, trace.services))
    took = milliseconds(trace.ended_ns - trace.began_ns)
    return Text(f"trace {trace.trace_id}\n{began:%Y-%m-%d %H:%M:%S.%f} UTC, {took} through {services}\n")


def add(
    table: Table,
    trace: Trace,
    colors: dict[str, str],
    node: Node,
    before: str,
    branch: str,
    *,
    is_last: bool,
    is_root: bool = False,
) -> None:
    """One row a span, those below it after it."""
    span = node.span
    color = colors[span.service]
    label = Text.assemble((before + branch, "dim"), (span.name, "bold" if is_root else ""), (details(node), "dim"))
    if span.error:
        label.append(f"  {span.error}", style="red")
    table.add_row(
        label,
        Text(short(span.service), style=color),
        f"+{milliseconds(span.started_ns - trace.began_ns)}",
        milliseconds(span.ended_ns - span.started_ns),
        Text(bar(trace, span), style=color),
    )
    deeper = before if is_root else before + ("   " if is_last else "│  ")
    for place, child in enumerate(node.children):
        last = place == len(node.children) - 1
        add(table, trace, colors, child, deeper, "└─ " if last else "├─ ", is_last=last)


def details(node: Node) -> str:
    """What of a span is worth a word: whom it is about, in how large a batch it went, the statements folded away."""
    attributes = node.span.attributes
    subject, version = attributes.get(FACT_SUBJECT), attributes.get(FACT_VERSION)
    said = [
        f"{subject}" + (f" v{version}" if version else "") if subject else "",
        f"in a batch of {count}" if (count := attributes.get(MESSAGING_BATCH_COUNT, 1)) > 1 else "",
        f"{node.statements} SQL" if node.statements else "",
    ]
    shown = ", ".join(part for part in said if part)
    return f"  {shown}" if shown else ""


def bar(trace: Trace, span: Span) -> str:
    """The span's part of the whole time, at least one mark wide."""
    whole = max(1, trace.ended_ns - trace.began_ns)
    start = min(BAR - 1, (span.started_ns - trace.began_ns) * BAR // whole)
    end = max(start + 1, -(-(span.ended_ns - trace.began_ns) * BAR // whole))
    return " " * start + "━" * (end - start)


def short(service: str) -> str:
    return service.removeprefix("usher-")


def milliseconds(nanoseconds: int) -> str:
    """A length of time for people: two decimals below ten milliseconds, seconds from ten on."""
    value = nanoseconds / 1e6
    if value >= 10_000:  # noqa: PLR2004
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"  # noqa: PLR2004

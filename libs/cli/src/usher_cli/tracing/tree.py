"""A trace as a tree over all services: spans under what caused them, in the order in which they began."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from usher_cli.tracing.spans import Span
from usher_kit.telemetry.names import SPAN_APPLY_BATCH, SPAN_APPLY_FACT


@dataclass(frozen=True, slots=True)
class Node:
    """A span with what it led to; `statements` counts the database's spans that are folded into it."""

    span: Span
    children: Sequence["Node"] = ()
    statements: int = 0

    def walk(self) -> Iterator["Node"]:
        """The node and all below it, as drawn."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: its roots, when it began and ended (ns), and the services that it went through, in order."""

    trace_id: str
    roots: Sequence[Node]
    began_ns: int
    ended_ns: int
    services: Sequence[str] = field(default=())


def build(spans: Sequence[Span], *, with_statements: bool = False) -> Trace:
    """The tree of a trace's spans; at least one. A span whose parent was not kept stands at the top."""
    ordered = sorted(spans, key=lambda span: (span.started_ns, span.span_id))
    known = {span.span_id for span in ordered}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in ordered:
        children[span.parent_id if span.parent_id in known else None].append(span)

    def node(span: Span) -> Node:
        below = [node(child) for child in children[span.span_id]]
        return Node(span, below) if with_statements else folded(span, below)

    roots = [node(span) for span in children[None]]
    services = list(dict.fromkeys(span.service for span in ordered))
    return Trace(ordered[0].trace_id, roots, ordered[0].started_ns, max(span.ended_ns for span in ordered), services)


def folded(span: Span, below: Sequence[Node]) -> Node:
    """The span without its statements, which are counted; what lies under a statement moves up."""
    shown = [each for child in below for each in (child.children if child.span.is_statement else [child])]
    statements = sum(1 + child.statements for child in below if child.span.is_statement)
    return Node(span, shown, statements)


def under_their_facts(spans: Sequence[Span], batches: Sequence[Span]) -> list[Span]:
    """The trace's spans with the batches' hung under a fact that each applied, so that its statements can be seen."""
    facts = [span for span in spans if span.name.startswith(f"{SPAN_APPLY_FACT} ")]
    hung: list[Span] = []
    for span in batches:
        if span.name != SPAN_APPLY_BATCH:
            hung.append(span)
            continue
        applied = [fact for fact in facts if fact.service == span.service and overlap(fact, span)]
        if applied:
            hung.append(replace(span, parent_id=applied[0].span_id))
    return [*spans, *hung]


def overlap(one: Span, other: Span) -> bool:
    return one.started_ns <= other.ended_ns and other.started_ns <= one.ended_ns

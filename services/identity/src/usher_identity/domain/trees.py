"""Trees by parent: which nodes stand on a cycle."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def find_cycles(parents: Mapping[Node, Node | None]) -> Sequence[Sequence[Node]]:
    """Each cycle that `parents` leads into, once, in the order of its edges. A parent without an entry ends the way."""
    done: set[Node] = set()
    cycles: list[Sequence[Node]] = []
    for start in parents:
        way: list[Node] = []
        place: dict[Node, int] = {}
        node: Node | None = start
        while node is not None and node in parents and node not in done and node not in place:
            place[node] = len(way)
            way.append(node)
            node = parents[node]
        if node is not None and node in place:
            cycles.append(way[place[node] :])
        done.update(way)
    return cycles

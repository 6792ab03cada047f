"""Organizations as a tree: to choose one, and to name the way to it."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from usher_console.clients.identity import Organization
from usher_console.views.wording import Choice

INDENT = "\u2003"


class Node(Protocol):
    """Whatever stands for an organization."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def parent_id(self) -> UUID | None: ...


N = TypeVar("N", bound=Node)


def organization_choices(
    organizations: Sequence[Organization], anything: str | None, chosen: UUID | None
) -> list[Choice]:
    """The tree as an indented list; `anything` names the choice of all, where there is one."""
    lines = [Choice(str(o.id), f"{INDENT * depth}{o.name}", o.id == chosen) for depth, o in tree(organizations)]
    if anything is None:
        return lines
    return [Choice("", anything, not any(line.chosen for line in lines)), *lines]


def tree(nodes: Sequence[N], *, falling: bool = False) -> list[tuple[int, N]]:
    """Each organization with its depth, parents before children, siblings by name (`falling`: from the last one)."""
    known = {node.id for node in nodes}
    below: dict[UUID | None, list[N]] = {}
    for node in sorted(nodes, key=lambda node: (node.name.casefold(), node.id), reverse=not falling):
        below.setdefault(node.parent_id if node.parent_id in known else None, []).append(node)
    found: list[tuple[int, N]] = []
    line = [(0, node) for node in below.pop(None, [])]
    while line:
        depth, node = line.pop()
        found.append((depth, node))
        line.extend((depth + 1, child) for child in below.pop(node.id, []))
    return found


def way_to(organizations: Sequence[Organization], org_id: UUID | None) -> list[Organization]:
    """From the highest organization that is known down to this one; empty where it is not known."""
    by_id = {o.id: o for o in organizations}
    way: list[Organization] = []
    while org_id is not None and (here := by_id.get(org_id)) is not None and here not in way:
        way.insert(0, here)
        org_id = here.parent_id
    return way

"""Organizations as a tree: to choose one, and to name the way to it."""

from collections.abc import Sequence
from uuid import UUID

from usher_console.clients.identity import Organization
from usher_console.views.wording import Choice

INDENT = "\u2003"


def organization_choices(
    organizations: Sequence[Organization], anything: str | None, chosen: UUID | None
) -> list[Choice]:
    """The tree as an indented list; `anything` names the choice of all, where there is one."""
    lines = [Choice(str(o.id), f"{INDENT * depth}{o.name}", o.id == chosen) for depth, o in tree(organizations)]
    if anything is None:
        return lines
    return [Choice("", anything, not any(line.chosen for line in lines)), *lines]


def tree(organizations: Sequence[Organization]) -> list[tuple[int, Organization]]:
    """Each organization with its depth, parents before children, siblings by name."""
    known = {o.id for o in organizations}
    below: dict[UUID | None, list[Organization]] = {}
    for o in sorted(organizations, key=lambda o: (o.name.casefold(), o.id), reverse=True):
        below.setdefault(o.parent_id if o.parent_id in known else None, []).append(o)
    found: list[tuple[int, Organization]] = []
    line = [(0, o) for o in below.get(None, [])]
    while line:
        depth, o = line.pop()
        found.append((depth, o))
        line.extend((depth + 1, child) for child in below.get(o.id, []))
    return found


def way_to(organizations: Sequence[Organization], org_id: UUID | None) -> list[Organization]:
    """From the highest organization that is known down to this one; empty where it is not known."""
    by_id = {o.id: o for o in organizations}
    way: list[Organization] = []
    while org_id is not None and (here := by_id.get(org_id)) is not None and here not in way:
        way.insert(0, here)
        org_id = here.parent_id
    return way

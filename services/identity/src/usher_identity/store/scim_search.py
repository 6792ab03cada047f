"""The search of SCIM resources: a whole filter as one condition, the order, the page, and how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Space, Stored
from usher_identity.store.scim import COLUMNS, from_row, of

KEYS: Mapping[str, str] = {
    "id": "r.id = :{}",
    "name": "r.name = :{}",
    "external_id": "r.external_id = :{}",
    "email": "r.id in (select e.user_id from scim_email e"
    " where e.tenant_id = :tenant and e.source = :source and e.email = :{})",
    "member": "r.id in (select m.group_id from scim_member m"
    " where m.tenant_id = :tenant and m.source = :source and m.user_id = :{})",
}
RELATED: Mapping[str, str] = {
    "User": """r.searched || jsonb_build_object('groups', (
        select coalesce(jsonb_agg(jsonb_build_object('value', g.id, 'display', g.name, 'type', 'direct')), '[]')
        from scim_member m join scim_resource g on g.tenant_id = m.tenant_id and g.source = m.source
            and g.id = m.group_id
        where m.tenant_id = r.tenant_id and m.source = r.source and m.user_id = r.id))""",
    "Group": """r.searched || jsonb_build_object('members', (
        select coalesce(jsonb_agg(jsonb_build_object('value', m.user_id, 'type', 'user')), '[]')
        from scim_member m where m.tenant_id = r.tenant_id and m.source = r.source and m.group_id = r.id))""",
}
"""The searched form with the memberships that a filter names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one kind: all of it, or what a filter leaves."""

    kind: str
    path: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    names_related: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One page of a search. `sort` are SQL/JSON paths of which the first that is there counts."""

    wanted: Sequence[Wanted]
    sort: Sequence[str]
    descending: bool
    offset: int
    count: int


async def search(conn: AsyncConnection, space: Space, asked: Asked) -> tuple[int, list[Stored]]:
    """How many resources match, and those of the page, by id where no order is asked or values are equal."""
    parameters: dict[str, Any] = dict(of(space))
    kinds = [clause(number, one, parameters) for number, one in enumerate(asked.wanted)]
    found = f"from scim_resource r where r.tenant_id = :tenant and r.source = :source and ({' or '.join(kinds)})"
    total = await conn.scalar(text(f"select count(*) {found}"), parameters) or 0
    if asked.count == 0 or asked.offset >= total:
        return total, []
    order = order_of(asked, parameters)
    parameters.update(offset=asked.offset, count=asked.count)
    rows = await conn.execute(
        text(f"select {COLUMNS} {found} order by {order} offset :offset limit :count"), parameters
    )
    return total, [from_row(row) for row in rows]


def clause(number: int, one: Wanted, parameters: dict[str, Any]) -> str:
    """The condition on one kind; its values go to the parameters."""
    terms = [f"r.kind = '{one.kind}'"]
    for key, value in one.keys.items():
        parameters[f"{key}_{number}"] = value
        terms.append(KEYS[key].format(f"{key}_{number}"))
    if one.path is not None:
        parameters[f"path_{number}"] = one.path
        target = f"({RELATED[one.kind]})" if one.names_related else "r.searched"
        terms.append(f"{target} @@ cast(:path_{number} as jsonpath)")
    return "(" + " and ".join(terms) + ")"


def order_of(asked: Asked, parameters: dict[str, Any]) -> str:
    """Missing values go last, and first in descending order (RFC 7644, 3.4.2.3)."""
    direction = "desc" if asked.descending else "asc"
    parts = []
    for number, path in enumerate(asked.sort):
        parameters[f"sort_{number}"] = path
        parts.append(f"jsonb_path_query_first(r.searched, cast(:sort_{number} as jsonpath)) #>> '{{}}'")
    sorted_by = [f'coalesce({", ".join(parts)}) collate "C" {direction}'] if parts else []
    return ", ".join([*sorted_by, f"r.id {direction}"])

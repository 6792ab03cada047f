"""Statements on the links by which sources know organizations and people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change, difference
from usher_identity.domain.links import Link


class Linked(Protocol):
    """An organization or a person."""

    @property
    def tenant_id(self) -> UUID: ...
    @property
    def id(self) -> UUID: ...
    @property
    def links(self) -> tuple[Link, ...]: ...


L = TypeVar("L", bound=Linked)


@dataclass(frozen=True, slots=True)
class LinkStatements:
    """The statements for one kind of entity."""

    find: TextClause
    remove: TextClause
    save: TextClause


def statements(table: str, column: str) -> LinkStatements:
    """The statements on `table`, whose `column` holds the entity's id. Organizations' links have no standing."""
    written = "standing, " if table == "person_link" else ""
    return LinkStatements(
        find=text(
            f"select external_id, {column} as id from {table} where tenant_id = :tenant and source = :source "
            "and external_id = any(cast(:external_ids as text[]))"
        ),
        remove=text(
            f"delete from {table} l using unnest(cast(:tenants as uuid[]), cast(:sources as text[]), "
            "cast(:external_ids as text[])) as gone (tenant_id, source, external_id) "
            "where (l.tenant_id, l.source, l.external_id) = (gone.tenant_id, gone.source, gone.external_id)"
        ),
        save=text(
            f"insert into {table} (tenant_id, source, external_id, {column}, {written}linked_at) "
            f"select tenant_id, source, external_id, id, {written}linked_at from unnest(cast(:tenants as uuid[]), "
            "cast(:sources as text[]), cast(:external_ids as text[]), cast(:ids as uuid[]), "
            "cast(:standings as text[]), cast(:linked as timestamptz[])) "
            "as link (tenant_id, source, external_id, id, standing, linked_at)"
        ),
    )


ORGANIZATION_LINKS = statements("organization_link", "organization_id")
PERSON_LINKS = statements("person_link", "person_id")
OF_ORGANIZATIONS = text("""
    select organization_id as id, source, external_id, linked_at from organization_link
    where organization_id = any(cast(:ids as uuid[])) order by linked_at, source, external_id
""")


async def load_organization_links(conn: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, tuple[Link, ...]]:
    """The links of these organizations, the oldest first."""
    found: dict[UUID, list[Link]] = defaultdict(list)
    for row in await conn.execute(OF_ORGANIZATIONS, {"ids": ids}):
        found[row.id].append(Link(row.source, row.external_id, row.linked_at))
    return {id_: tuple(links) for id_, links in found.items()}


async def find_by_links(
    conn: AsyncConnection, on: LinkStatements, tenant_id: UUID, source: str, external_ids: Iterable[str]
) -> dict[str, UUID]:
    """The entities that `source` knows by these external ids; unknown ones are left out."""
    asked = {"tenant": tenant_id, "source": source, "external_ids": list(external_ids)}
    return {row.external_id: row.id for row in await conn.execute(on.find, asked)}


async def save_links(conn: AsyncConnection, on: LinkStatements, changes: Sequence[Change[L]]) -> None:
    """Remove the links that have gone, write those that are new or say something else."""
    differs = difference(changes, lambda entity: entity.links)
    if differs.gone:
        await conn.execute(
            on.remove,
            {
                "tenants": [entity.tenant_id for entity, _ in differs.gone],
                "sources": [link.source for _, link in differs.gone],
                "external_ids": [link.external_id for _, link in differs.gone],
            },
        )
    if differs.new:
        await conn.execute(
            on.save,
            {
                "tenants": [entity.tenant_id for entity, _ in differs.new],
                "sources": [link.source for _, link in differs.new],
                "external_ids": [link.external_id for _, link in differs.new],
                "ids": [entity.id for entity, _ in differs.new],
                "standings": [link.standing for _, link in differs.new],
                "linked": [link.linked_at for _, link in differs.new],
            },
        )

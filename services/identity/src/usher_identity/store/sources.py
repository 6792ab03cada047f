"""Statements on what sources say: whom they name, what they said of them last, and their own words for roles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.import_plan import Known, KnownPeople, PersonChange, Said, SourceLink
from usher_identity.domain.import_survey import name_key
from usher_identity.domain.jobs import RoleWords
from usher_identity.domain.people import Person
from usher_identity.store.jobs import from_words, to_words
from usher_identity.store.people import load_people
from usher_identity.store.pseudonyms import load_pseudonyms

LINKS = text("""
    select l.tenant_id, l.external_id, l.person_id, l.standing, s.user_name, s.display_name, s.email, s.org_id, s.roles
    from person_link l
    left join person_said s
        on s.tenant_id = l.tenant_id and s.source = l.source and s.external_id = l.external_id
    where l.tenant_id = any(cast(:tenants as uuid[])) and l.source = :source
        and l.external_id = any(cast(:external_ids as text[]))
""")
BY_NAME = text("""
    select id from person
    where tenant_id = any(cast(:tenants as uuid[]))
        and user_name_key = any(select lower(name) from unnest(cast(:names as text[])) as asked (name))
""")
SAVE_SAID = text("""
    insert into person_said (tenant_id, source, external_id, person_id, user_name, display_name, email, org_id, roles)
    select tenant, :source, external_id, person, user_name, display_name, email, org, roles
    from unnest(cast(:tenants as uuid[]), cast(:external_ids as text[]), cast(:people as uuid[]),
        cast(:user_names as text[]), cast(:display_names as text[]), cast(:emails as text[]), cast(:orgs as uuid[]),
        cast(:roles as text[])) as said (tenant, external_id, person, user_name, display_name, email, org, roles)
    on conflict (tenant_id, source, external_id) do update
    set (person_id, user_name, display_name, email, org_id, roles) = (excluded.person_id, excluded.user_name,
        excluded.display_name, excluded.email, excluded.org_id, excluded.roles)
""")
ROOTS = text("""
    select tenant_id from organization_link
    where source = :source and external_id = any(cast(:external_ids as text[])) and organization_id = tenant_id
""")
PRESENT = text("""
    select tenant_id, external_id, person_id from person_link
    where tenant_id = any(cast(:tenants as uuid[])) and source = :source and standing <> 'absent'
        and (tenant_id, external_id) > (cast(:tenant as uuid), cast(:external_id as text) collate "C")
    order by tenant_id, external_id limit :limit
""")
HEADS = text("""
    select org_id, count(*) as people from person
    where tenant_id = any(cast(:tenants as uuid[])) and status in ('invited', 'active', 'suspended') group by org_id
""")
WORDS = text("select words from role_mapping where tenant_id = :tenant and source = :source")
SAVE_WORDS = text("""
    insert into role_mapping (tenant_id, source, words) values (:tenant, :source, :words)
    on conflict (tenant_id, source) do update set words = excluded.words
""")


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a source has, under the id that it names them by."""

    tenant_id: UUID
    external_id: str
    person_id: UUID


async def load_links(
    conn: AsyncConnection, tenants: Sequence[UUID], source: str, external_ids: Iterable[str]
) -> Mapping[str, Sequence[SourceLink]]:
    """Whom the source names by these ids, one a tenant, and what it said of them last.

    Who was erased is known by a pseudonym, and named here as they were asked for.
    """
    asked = (await load_pseudonyms(conn, tenants)).asked(source, external_ids)
    found: dict[str, list[SourceLink]] = defaultdict(list)
    for row in await conn.execute(LINKS, {"tenants": tenants, "source": source, "external_ids": list(asked)}):
        external_id = asked[row.external_id]
        found[external_id].append(to_link(row, external_id))
    return found


def to_link(row: Row[Any], external_id: str) -> SourceLink:
    said = None
    if row.user_name is not None:
        roles = frozenset(row.roles.split(",") if row.roles else ())
        said = Said(row.user_name, row.display_name, row.email, row.org_id, roles)
    return SourceLink(row.tenant_id, external_id, row.person_id, row.standing, said)


async def load_known_for_update(
    conn: AsyncConnection, tenants: Sequence[UUID], links: Iterable[SourceLink], user_names: Sequence[str]
) -> KnownPeople:
    """Whom a batch may be about, locked: those whom the source names, and those with one of these user names."""
    links = list(links)
    namesakes = await conn.scalars(BY_NAME, {"tenants": tenants, "names": user_names}) if user_names else ()
    people = await load_people(conn, {*(link.person_id for link in links), *namesakes}, for_update=True)
    by_external_id: dict[str, list[Known]] = defaultdict(list)
    for link in links:
        if link.person_id in people:
            by_external_id[link.external_id].append(Known(people[link.person_id], link.said))
    return KnownPeople(by_external_id, by_user_name(people.values()))


def by_user_name(people: Iterable[Person]) -> Mapping[tuple[UUID, str], Sequence[Person]]:
    found: dict[tuple[UUID, str], list[Person]] = defaultdict(list)
    for person in people:
        found[person.tenant_id, name_key(person.user_name)].append(person)
    return found


async def save_said(conn: AsyncConnection, source: str, changes: Sequence[PersonChange]) -> None:
    """Keep what the source says of people where it says something else than before."""
    differing = [(one, one.said) for one in changes if one.said is not None and one.said != one.said_before]
    if not differing:
        return
    await conn.execute(
        SAVE_SAID,
        {
            "source": source,
            "tenants": [one.after.tenant_id for one, _ in differing],
            "external_ids": [one.external_id for one, _ in differing],
            "people": [one.after.id for one, _ in differing],
            "user_names": [said.user_name for _, said in differing],
            "display_names": [said.display_name for _, said in differing],
            "emails": [said.email for _, said in differing],
            "orgs": [said.org_id for _, said in differing],
            "roles": [",".join(sorted(said.roles)) for _, said in differing],
        },
    )


async def find_tenants_of_roots(conn: AsyncConnection, source: str, external_ids: Iterable[str]) -> Sequence[UUID]:
    """The tenants whose root the source knows by one of these ids."""
    found = await conn.scalars(ROOTS, {"source": source, "external_ids": list(external_ids)})
    return sorted(set(found))


async def list_present(
    conn: AsyncConnection, tenants: Sequence[UUID], source: str, after: Named | None, limit: int
) -> Sequence[Named]:
    """Whom the source has in these tenants, by tenant and external id."""
    begin = after or Named(UUID(int=0), "", UUID(int=0))
    asked = {"tenants": tenants, "source": source, "tenant": begin.tenant_id, "external_id": begin.external_id}
    rows = await conn.execute(PRESENT, {**asked, "limit": limit})
    return [Named(row.tenant_id, row.external_id, row.person_id) for row in rows]


async def count_people(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, int]:
    """How many people who are not archived each organization of these tenants has itself."""
    return {row.org_id: row.people for row in await conn.execute(HEADS, {"tenants": tenants})}


async def load_words(conn: AsyncConnection, tenant_id: UUID, source: str) -> RoleWords:
    """The source's own words for roles; none where it was given none."""
    stored = await conn.scalar(WORDS, {"tenant": tenant_id, "source": source})
    return to_words(stored) if stored else RoleWords()


async def save_words(conn: AsyncConnection, tenant_id: UUID, source: str, words: RoleWords) -> None:
    await conn.execute(SAVE_WORDS, {"tenant": tenant_id, "source": source, "words": from_words(words)})

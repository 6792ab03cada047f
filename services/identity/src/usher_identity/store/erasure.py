"""Statements that leave no personal data of who is deleted (messages: Reliability, Erasure).

What hangs on a person goes in the transaction that deletes them. What merely names them somewhere is found by its
marks, which an erasure keeps for just as long as it is open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.people import Person
from usher_identity.store.pseudonyms import make_pseudonyms

SCIM = (("scim_email", "user_id"), ("scim_member", "user_id"), ("scim_resource", "id"))
OF_PEOPLE = "person_id = any(cast(:ids as uuid[]))"
MARKS = text(f"""
    select person_id, user_name as mark from person_said where {OF_PEOPLE}
    union select person_id, display_name from person_said where {OF_PEOPLE}
    union select person_id, email from person_said where {OF_PEOPLE} and email is not null
    union select l.person_id, e.email from person_link l
        join scim_email e on (e.tenant_id, e.source, e.user_id) = (l.tenant_id, l.source, l.external_id)
        where l.{OF_PEOPLE}
""")
ERASE = [
    text(f"""
        delete from upstream_said s using person_link l where s.kind = 'person' and l.{OF_PEOPLE}
            and (s.tenant_id, s.source, s.external_id) = (l.tenant_id, l.source, l.external_id)
    """),
    *(
        text(f"""
            delete from {table} r using person_link l where l.{OF_PEOPLE}
                and (r.tenant_id, r.source, r.{column}) = (l.tenant_id, l.source, l.external_id)
        """)
        for table, column in SCIM
    ),
    *(
        text(f"delete from {table} where {OF_PEOPLE}")
        for table in ("person_said", "credential", "authorization_code", "refresh_token", "session")
    ),
]
PSEUDONYMIZE = text("""
    update person_link l set external_id = gone.pseudonym, standing = 'absent'
    from unnest(cast(:tenants as uuid[]), cast(:sources as text[]), cast(:external_ids as text[]),
        cast(:pseudonyms as text[])) as gone (tenant_id, source, external_id, pseudonym)
    where (l.tenant_id, l.source, l.external_id) = (gone.tenant_id, gone.source, gone.external_id)
""")
BEGIN = text("""
    insert into erasure (tenant_id, person_id, asked_at, asked_by, marks)
    select tenant, person, :at, :by, coalesce(string_to_array(marks, chr(1)), '{}')
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:marks as text[]))
        as one (tenant, person, marks)
    on conflict do nothing
""")
OPEN = text("""
    select tenant_id, person_id, asked_at, marks from erasure where done_at is null order by asked_at limit :limit
    for update skip locked
""")
END = text(
    "update erasure set done_at = :at, marks = '{}' where done_at is null and person_id = any(cast(:ids as uuid[]))"
)
FIND = text("select person_id, asked_at, asked_by, done_at from erasure where person_id = :id")


@dataclass(frozen=True, slots=True)
class Open:
    """An erasure that is not done yet, and the marks by which what names the person is found."""

    tenant_id: UUID
    person_id: UUID
    asked_at: datetime
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of one person: asked when and by whom, and when it was done (None: not yet)."""

    person_id: UUID
    asked_at: datetime
    asked_by: str
    done_at: datetime | None


async def erase(conn: AsyncConnection, people: Sequence[Person], at: datetime, by: str) -> None:
    """Forget what hangs on these people, given as they were before, and begin the search for what names them."""
    if not people:
        return
    ids = [one.id for one in people]
    marks = await find_marks(conn, people)
    for statement in ERASE:
        await conn.execute(statement, {"ids": ids})
    await pseudonymize(conn, people)
    asked = {"at": at, "by": by, "tenants": [one.tenant_id for one in people], "people": ids}
    await conn.execute(BEGIN, {**asked, "marks": ["\x01".join(sorted(marks[id_])) or None for id_ in ids]})


async def find_marks(conn: AsyncConnection, people: Sequence[Person]) -> dict[UUID, set[str]]:
    """By what these people may be named anywhere."""
    marks = {
        one.id: {one.user_name, one.display_name, one.email or "", *(link.external_id for link in one.links)}
        for one in people
    }
    for row in await conn.execute(MARKS, {"ids": list(marks)}):
        marks[row.person_id].add(row.mark)
    return {id_: {mark.strip() for mark in own} - {""} for id_, own in marks.items()}


async def pseudonymize(conn: AsyncConnection, people: Iterable[Person]) -> None:
    """Let sources know these people by pseudonyms alone."""
    named = [(one.tenant_id, link) for one in people for link in one.links]
    if not named:
        return
    pseudonyms = await make_pseudonyms(conn, {tenant for tenant, _ in named})
    await conn.execute(
        PSEUDONYMIZE,
        {
            "tenants": [tenant for tenant, _ in named],
            "sources": [link.source for _, link in named],
            "external_ids": [link.external_id for _, link in named],
            "pseudonyms": [pseudonyms.of(tenant, link.source, link.external_id) for tenant, link in named],
        },
    )


async def load_open(conn: AsyncConnection, limit: int) -> list[Open]:
    """Erasures that are not done, locked, the oldest first; those that somebody else is at are left out."""
    rows = await conn.execute(OPEN, {"limit": limit})
    return [Open(row.tenant_id, row.person_id, row.asked_at, tuple(row.marks)) for row in rows]


async def end(conn: AsyncConnection, erasures: Sequence[Open], at: datetime) -> None:
    """Note that these are done, and forget their marks."""
    await conn.execute(END, {"at": at, "ids": [one.person_id for one in erasures]})


async def find_erasure(conn: AsyncConnection, person_id: UUID) -> Erasure | None:
    """The erasure of a person, where they are erased."""
    row = (await conn.execute(FIND, {"id": person_id})).one_or_none()
    return Erasure(row.person_id, row.asked_at, row.asked_by, row.done_at) if row else None

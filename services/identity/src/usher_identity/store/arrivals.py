"""Statements that find whom an identity provider means, in the transaction's tenants."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.identity_providers import Way
from usher_identity.store.pseudonyms import load_pseudonyms

LINKED = text("""
    select person_id from person_link
    where source = :source and external_id = any(cast(:subjects as text[])) limit :limit
""")
NAMED = {
    "user_name": text("select id from person where user_name_key = lower(:value) order by id limit :limit"),
    "email": text("select id from person where email_key = lower(:value) order by id limit :limit"),
    "external_id": text("""
        select distinct person_id from person_link where external_id = :value and not starts_with(source, 'idp:')
        order by person_id limit :limit
    """),
}
LIMIT = 5
"""More than one is too many; a few tell those who left apart."""


async def find_linked(conn: AsyncConnection, source: str, subject: str) -> Sequence[UUID]:
    """Whom the provider of this source has named by this subject; who was erased is still known to be that."""
    subjects = (await load_pseudonyms(conn)).asked(source, [subject])
    return list(await conn.scalars(LINKED, {"source": source, "subjects": list(subjects), "limit": LIMIT}))


async def find_named(conn: AsyncConnection, way: Way, value: str) -> Sequence[UUID]:
    """Who has this user name or email, in any case, or is known to some source by this external id."""
    return list(await conn.scalars(NAMED[way], {"value": value, "limit": LIMIT}))

"""Statements that leave no personal data of who is deleted (messages: Reliability, Erasure)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SAID = text("""
    delete from upstream_said s using person_link l
    where s.kind = 'person' and l.person_id = any(cast(:ids as uuid[]))
        and (s.tenant_id, s.source, s.external_id) = (l.tenant_id, l.source, l.external_id)
""")
SCIM = [
    text(f"""
        delete from {table} r using person_link l
        where l.person_id = any(cast(:ids as uuid[]))
            and (r.tenant_id, r.source, r.{column}) = (l.tenant_id, l.source, l.external_id)
    """)
    for table, column in (("scim_email", "user_id"), ("scim_member", "user_id"), ("scim_resource", "id"))
]
ERASE = [
    SAID,
    *SCIM,
    *(
        text(f"delete from {table} where person_id = any(cast(:ids as uuid[]))")
        for table in ("person_said", "credential", "authorization_code", "refresh_token", "session")
    ),
]


async def erase(conn: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget what sources said of these people, their passwords and where they are signed in."""
    if ids:
        for statement in ERASE:
            await conn.execute(statement, {"ids": ids})

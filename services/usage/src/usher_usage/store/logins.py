"""Statements on logins: each kept once, the last one of each person at hand."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.identity import UserLoggedIn
from usher_usage.store.locking import Person

SAVE_LOGINS = text("""
    insert into login (tenant_id, user_id, at, org_id, method)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:moments as timestamptz[]),
        cast(:orgs as uuid[]), cast(:methods as text[]))
    on conflict do nothing
""")
SAVE_LAST_LOGINS = text("""
    insert into last_login as l (tenant_id, user_id, at)
    select tenant, person, at
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:moments as timestamptz[]))
        as login (tenant, person, at)
    order by tenant, person
    on conflict (tenant_id, user_id) do update set at = excluded.at where l.at is null or l.at < excluded.at
    returning l.tenant_id, l.user_id
""")


async def save_logins(conn: AsyncConnection, logins: Sequence[UserLoggedIn]) -> tuple[int, list[Person]]:
    """Keep logins, each once. Answers how many were news, and whose last login moved.

    The rows of those people are locked, and so are the others'.
    """
    kept = await conn.execute(
        SAVE_LOGINS,
        {
            "tenants": [login.tenant_id for login in logins],
            "people": [login.user_id for login in logins],
            "moments": [login.at for login in logins],
            "orgs": [login.org_id for login in logins],
            "methods": [login.method for login in logins],
        },
    )
    last: dict[Person, datetime] = {}
    for login in logins:
        person = (login.tenant_id, login.user_id)
        last[person] = max(login.at, last.get(person, login.at))
    moved = await conn.execute(
        SAVE_LAST_LOGINS,
        {
            "tenants": [tenant for tenant, _ in last],
            "people": [person for _, person in last],
            "moments": list(last.values()),
        },
    )
    return kept.rowcount, [(row.tenant_id, row.user_id) for row in moved]

"""Statements on logins: each kept once, the last one of each person at hand."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.identity import UserLoggedIn
from usher_usage.store.locking import Person

SAVE_LOGINS = text("""
    insert into login (tenant_id, user_id, at, org_id, method)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:moments as timestamptz[]),
        cast(:orgs as uuid[]), cast(:methods as text[])) as login (tenant, person, at, org, method)
    where not exists (select from person p where (p.tenant_id, p.id) = (tenant, person) and p.status = 'deleted')
    on conflict do nothing
    returning tenant_id, user_id, at
""")
# With the copy of people looked through once for all: who is deleted is rare, and their logins are too.
FORGET = text("""
    delete from login l using person p
    where p.status = 'deleted' and (l.tenant_id, l.user_id) = (p.tenant_id, p.id)
        and (cast(:people as uuid[]) is null or p.id = any(cast(:people as uuid[])))
""")
SAVE_LAST_LOGINS = text("""
    insert into last_login as l (tenant_id, user_id, at)
    select tenant, person, at
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:moments as timestamptz[]))
        as login (tenant, person, at)
    where not exists (select from person p where (p.tenant_id, p.id) = (tenant, person) and p.status = 'deleted')
    order by tenant, person
    on conflict (tenant_id, user_id) do update set at = excluded.at where l.at is null or l.at < excluded.at
    returning l.tenant_id, l.user_id
""")


async def save_logins(
    conn: AsyncConnection, kept: Sequence[UserLoggedIn], logins: Sequence[UserLoggedIn]
) -> tuple[list[UserLoggedIn], list[Person]]:
    """Keep logins, each once, but for those of deleted people; all of `logins` count for who came last.

    Answers the news, and whose last login moved.

    The rows of those people are locked, and so are the others'.
    """
    by_key = {(login.tenant_id, login.user_id, login.at): login for login in kept}
    rows = await conn.execute(
        SAVE_LOGINS,
        {
            "tenants": [login.tenant_id for login in by_key.values()],
            "people": [login.user_id for login in by_key.values()],
            "moments": [login.at for login in by_key.values()],
            "orgs": [login.org_id for login in by_key.values()],
            "methods": [login.method for login in by_key.values()],
        },
    )
    news = [by_key[row.tenant_id, row.user_id, row.at] for row in rows]
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
    return news, [(row.tenant_id, row.user_id) for row in moved]


async def forget_logins_of_deleted(conn: AsyncConnection, people: Sequence[UUID] | None = None) -> int:
    """Forget when those of these people who are deleted logged in; of all people without. Answers how many logins."""
    return (await conn.execute(FORGET, {"people": people})).rowcount

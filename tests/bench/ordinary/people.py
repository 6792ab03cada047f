"""The ordinary copy of a person, as usage, notifications and reporting keep it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from usher_contracts.identity import UserChanged


async def keep_person(session: AsyncSession, person: Any, fact: UserChanged) -> None:
    """Keep the highest version; `person` is the mapped class of the service's copy."""
    row = await session.get(person, (fact.tenant_id, fact.id), with_for_update=True)
    if row is None:
        row = person(tenant_id=fact.tenant_id, id=fact.id)
        session.add(row)
    elif row.version >= fact.version:
        return
    row.org_id, row.status, row.status_since = fact.org_id, fact.status, fact.status_since
    row.roles, row.role_since = [held.role for held in fact.roles], [held.since for held in fact.roles]
    row.version = fact.version

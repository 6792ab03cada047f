"""Kept rows that are to be told of: whoever claims some counts as addressing them, once its transaction commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection


def claiming(table: str, key: str, *shown: str) -> TextClause:
    """The statement that takes rows of `table` which nobody has addressed yet, the earliest told first.

    It answers their tenant, `key` and what is to be `shown`; `key` names a row within its tenant.
    """
    columns = ", ".join(f"c.{name}" for name in ("tenant_id", key, *shown, "told_at", "cause"))
    return text(f"""
        update {table} c set addressed_at = :at
        from (select tenant_id, {key} from {table} where addressed_at is null order by told_at limit :limit
              for update skip locked) as open
        where (c.tenant_id, c.{key}) = (open.tenant_id, open.{key})
        returning {columns}
    """)


async def claim(conn: AsyncConnection, statement: TextClause, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take the rows of a `claiming` statement, at most `limit`."""
    return (await conn.execute(statement, {"at": at, "limit": limit})).all()

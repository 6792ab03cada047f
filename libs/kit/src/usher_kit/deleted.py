"""How many people a service knows to be deleted, and what it still has of them: for doctors (messages: Reliability)."""

from pydantic import BaseModel
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection


class Deleted(BaseModel):
    """Over all tenants: `people` who are deleted, and the rows `left` that ought to be gone with them."""

    people: int
    left: int


def count_by(rows_left: str) -> TextClause:
    """The statement that counts; `rows_left` is the service's own query for what is still to go."""
    return text(f"""
        select (select count(*) from person where status = 'deleted') as people,
            (select count(*) from {rows_left}) as "left"
    """)


async def count_deleted(conn: AsyncConnection, statement: TextClause) -> Deleted:
    """What `count_by` made a statement of, over all that the transaction sees."""
    row = (await conn.execute(statement)).one()
    return Deleted(people=row.people, left=row.left)

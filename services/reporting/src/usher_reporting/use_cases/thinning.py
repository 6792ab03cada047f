"""Thinning out: of what changes with every login, not every state is kept for ever."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.store.actives import thin_history

EXACT = timedelta(days=90)
"""How long every state of usage over time is kept; before that, the last of each day."""

LOOKED_AT = timedelta(days=30)
"""How far before that is looked, after whatever pause."""


async def thin_usage(conn: AsyncConnection, at: datetime) -> int:
    """Keep of usage's older history a state a day. Answers how many went."""
    until = at - EXACT
    return await thin_history(conn, until - LOOKED_AT, until)

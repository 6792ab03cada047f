"""The outbox watched: how much waits, for how long, and what vacuum has not removed (messages: Reliability)."""

from sqlalchemy import text

from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_kit.telemetry import names

WATCH_SECONDS = 5.0
MOST = 100_000
"""Rows are counted up to so many: beyond that, what matters is that they are too many."""

MEASURE = text("""
    select (select count(*) from (select from outbox limit :most) waiting) as rows,
           coalesce(extract(epoch from now() - (select added_at from outbox order by id limit 1)), 0) as oldest,
           coalesce((select n_dead_tup from pg_stat_user_tables where relid = 'outbox'::regclass), 0) as dead
""")


async def measure_outbox(runtime: Runtime) -> bool:
    """Tell what waits to be published, whether or not the relay can publish."""
    async with runtime.database.relay_transaction() as conn:
        found = (await conn.execute(MEASURE, {"most": MOST})).one()
    names.OUTBOX_ROWS.labels(runtime.service).set(found.rows)
    names.OUTBOX_OLDEST_SECONDS.labels(runtime.service).set(max(0.0, float(found.oldest)))
    names.OUTBOX_DEAD_ROWS.labels(runtime.service).set(found.dead)
    return False


WATCH_OUTBOX: Loop[Runtime] = Loop("watch outbox", WATCH_SECONDS, measure_outbox)

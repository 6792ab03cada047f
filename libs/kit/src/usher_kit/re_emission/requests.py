"""Taking requests: what is asked of this service to be told again, kept until it is done or no longer wanted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.re_emission import REQUESTS, ReEmissionRequested
from usher_kit.consuming import Apply
from usher_kit.re_emission.sources import Source

SAVE = text("""
    insert into re_emission as r
        (tenant_id, id, queue, is_wanted, types_left, facts, told, asked_at, version)
    select tenant, id, queue, wanted, string_to_array(types, ','), 0, '{}', at, version
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:queues as text[]), cast(:wanted as boolean[]),
        cast(:types as text[]), cast(:times as timestamptz[]), cast(:versions as bigint[]))
        as asked (tenant, id, queue, wanted, types, at, version)
    on conflict (tenant_id, id) do update set (is_wanted, version) = (excluded.is_wanted, excluded.version)
    where r.version < excluded.version
""")


def taking(sources: Sequence[Source]) -> Apply:
    """What a service does that tells again from these sources, in their order."""

    async def take_requests(conn: AsyncConnection, events: Sequence[Event[ReEmissionRequested]], at: datetime) -> int:
        """Keep each request at its highest version."""
        facts = [event.data for event in latest(events)]
        saved = await conn.execute(SAVE, to_columns(facts, sources, at))
        return saved.rowcount

    return dict.fromkeys(REQUESTS, take_requests)


def to_columns(facts: Sequence[ReEmissionRequested], sources: Sequence[Source], at: datetime) -> dict[str, list[Any]]:
    """Requests as columns; of the types that they name, those that are told here."""
    own = [source.fact.type for source in sources]
    return {
        "tenants": [fact.tenant_id for fact in facts],
        "ids": [fact.id for fact in facts],
        "queues": [fact.queue for fact in facts],
        "wanted": [fact.wanted for fact in facts],
        "types": [",".join(type_ for type_ in own if type_ in fact.types) for fact in facts],
        "times": [at for _ in facts],
        "versions": [fact.version for fact in facts],
    }

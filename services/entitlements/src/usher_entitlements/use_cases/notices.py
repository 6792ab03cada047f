"""Notices: that the end of a license comes near, told once for each term, end and threshold (seats)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_entitlements.domain.notices import due_notice, next_notice_at, notice_days
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.configurations import lock_for_decisions
from usher_entitlements.store.notice_clocks import set_clocks, take_clocks
from usher_entitlements.store.organizations import load_tree
from usher_entitlements.store.settings import load_notice_settings
from usher_entitlements.store.terms import load_terms, load_told, save_told
from usher_entitlements.use_cases.messages import notice_message
from usher_kit import outbox


async def tell_notices(conn: AsyncConnection, tenants: Sequence[UUID], at: datetime) -> None:
    """Tell of these tenants' terms the latest notice that is due, and set when they are to be looked at next.

    Their configurations are held as by a decision: terms hold still, and decisions go on beside it.
    """
    await lock_for_decisions(conn, sorted(tenants))
    own = await take_clocks(conn, tenants, at)
    terms = await load_terms(conn, own)
    days = await load_notice_days(conn, own, terms)
    told = await load_told(conn, own)
    due = [
        (term, threshold)
        for term in terms
        if (threshold := due_notice(term, at, days[term.id], told=told.get(term.id))) is not None
    ]
    news = await save_told(conn, due, at)
    events: list[Event[Any]] = [
        notice_message(term, threshold, at, Cause()) for term, threshold in due if term.id in news
    ]
    await outbox.add(conn, events)
    await set_clocks(conn, next_notices(terms, days, at))


async def load_notice_days(
    conn: AsyncConnection, tenants: Sequence[UUID], terms: Sequence[LicenseTerm]
) -> dict[UUID, Sequence[int]]:
    """The days before its end at which each term's notices are told."""
    settings = await load_notice_settings(conn, tenants)
    parents = (await load_tree(conn, tenants)).parents if settings else {}
    return {term.id: notice_days(term.org_id, term.product, parents, settings).days for term in terms}


def next_notices(
    terms: Iterable[LicenseTerm], days: Mapping[UUID, Sequence[int]], at: datetime
) -> dict[UUID, datetime]:
    """By tenant, when the next notice of a term is due."""
    moments: dict[UUID, list[datetime]] = defaultdict(list)
    for term in terms:
        told = next_notice_at(term, at, days[term.id]) if not term.state.is_final else None
        if told is not None:
            moments[term.tenant_id].append(told)
    return {tenant: min(own) for tenant, own in moments.items()}

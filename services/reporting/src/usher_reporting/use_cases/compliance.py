"""Compliance is judged again and again, and told when there is news."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause, Event
from usher_contracts.reporting import ComplianceChanged
from usher_contracts.reporting import Finding as ToldFinding
from usher_kit import outbox
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of, in_epoch
from usher_reporting.domain.compliance import Finding, Position, Status, Thresholds, findings, status_of
from usher_reporting.store.compliance import Standing, load_closed, load_positions, save_standings
from usher_reporting.store.timeline import lock_tenants


async def judge_compliance(conn: AsyncConnection, at: datetime, thresholds: Thresholds) -> int:
    """Judge every open pool that the transaction sees; keep and tell what is news. Answers how much was."""
    epoch = epoch_of(conn)
    judged = [judge(position, before, at, thresholds) for position, before in await load_positions(conn)]
    judged += [(settled(before, at), before) for before in await load_closed(conn)]
    news = [
        (after, before)
        for after, before in judged
        if (after.status, after.findings) != (before.status, before.findings)
    ]
    if not news:
        return 0
    await lock_tenants(conn, at, sorted({after.key.tenant_id for after, _ in news}))
    numbered = [(after._replace(version=in_epoch(before.version + 1, epoch)), before.version) for after, before in news]
    saved = await save_standings(conn, [standing for standing, _ in numbered], at)
    told = [(standing, previous) for standing, previous in numbered if standing.key in saved]
    await outbox.add(conn, [to_event(standing, previous, at) for standing, previous in told])
    return len(told)


def judge(position: Position, before: Standing, at: datetime, thresholds: Thresholds) -> tuple[Standing, Standing]:
    """The standing now beside what it was; it began when its status did."""
    found = findings(position, at, thresholds)
    status = status_of(found).value
    since = before.since if before.status == status else at
    return Standing(before.key, status, since, to_documents(found), before.version), before


def settled(before: Standing, at: datetime) -> Standing:
    """Of a pool that is closed nothing is to be said any more."""
    return before._replace(status=Status.COMPLIANT.value, since=at, findings=[])


def to_documents(found: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings as they are kept and told."""
    return [{"code": one.code, "figures": dict(one.figures), "people": one.people, "act": one.act} for one in found]


def to_event(standing: Standing, previous: int, at: datetime) -> Event[ComplianceChanged]:
    fact = ComplianceChanged(
        tenant_id=standing.key.tenant_id,
        org_id=standing.key.org_id,
        product=standing.key.product,
        status=standing.status,
        since=standing.since,
        findings=tuple(ToldFinding.model_validate(one) for one in standing.findings),
        version=standing.version,
        previous_version=previous,
    )
    return Event.of(fact, id=new_id(), at=at, cause=Cause())

"""What notices say, loaded at the moment of sending: a notice that is true no longer has nothing to say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_notifications.domain.deliveries import Delivery, Due, Recipient
from usher_notifications.domain.notices import (
    ChangesHeld,
    ExportReady,
    Kind,
    LicenseAnswered,
    LicenseEnding,
    LicenseRequested,
    Notice,
    ReclaimWarning,
    TransferAnswered,
    TransferAsked,
    Waiting,
    WaitlistDigest,
    Waitlisted,
)
from usher_notifications.store.people import load_recipients

UNNAMED = "your organization"

ASKED = """
    unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:orgs as uuid[]), cast(:recipients as uuid[]),
        cast(:subjects as text[]), cast(:versions as bigint[]))
        as asked (tenant_id, id, org_id, recipient, subject, version)
"""
WAITLISTED = text(f"""
    select asked.id, s.product, s.since, o.name, o.time_zone from {ASKED}
    join seat s on s.tenant_id = asked.tenant_id and s.user_id = asked.recipient
        and s.product = split_part(asked.subject, '/', 2) and s.state = 'waitlisted'
    left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
    left join organization o on o.tenant_id = s.tenant_id and o.id = coalesce(p.org_id, s.org_id)
""")
WAITLIST_DIGEST = text(f"""
    with recursive asked as (select * from {ASKED}), unit as (
        select distinct a.org_id as top, o.tenant_id, o.id, o.name from asked a
        join organization o on o.tenant_id = a.tenant_id and o.id = a.org_id
        union
        select u.top, o.tenant_id, o.id, o.name
        from organization o join unit u on o.tenant_id = u.tenant_id and o.parent_id = u.id
    ), waiting as (
        select s.tenant_id, s.product, s.since, coalesce(p.org_id, s.org_id) as org_id from seat s
        left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
        where s.state = 'waitlisted' and s.tenant_id in (select tenant_id from asked)
    )
    select a.id, a.org_id, o.name, o.time_zone, w.product, u.name as unit, count(*) as people, min(w.since) as since
    from asked a
    join organization o on o.tenant_id = a.tenant_id and o.id = a.org_id
    join unit u on u.top = a.org_id
    join waiting w on w.tenant_id = u.tenant_id and w.org_id = u.id
    group by a.id, a.org_id, o.name, o.time_zone, w.product, u.id, u.name
    order by a.id
""")
LICENSE_ENDING = text(f"""
    select asked.id, n.org_id, n.product, n.seats, n.ends_at, o.name, o.time_zone from {ASKED}
    join license_notice n on n.tenant_id = asked.tenant_id and n.subject = asked.subject
    left join organization o on o.tenant_id = n.tenant_id and o.id = n.org_id
""")
# The seat's own fact may be still on its way. Of two warnings, the later one alone is true.
RECLAIM_WARNING = text(f"""
    select asked.id, a.product, a.last_login_at, a.reclaim_due, o.name, o.time_zone from {ASKED}
    join seat_activity a on a.tenant_id = asked.tenant_id and a.user_id = asked.recipient
        and a.product = split_part(asked.subject, '/', 2) and a.reclaim_due is not null
        and floor(extract(epoch from a.warned_since)) = asked.version
    left join seat s on (s.tenant_id, s.user_id, s.product) = (a.tenant_id, a.user_id, a.product)
    left join person p on p.tenant_id = a.tenant_id and p.id = a.user_id
    left join organization o on o.tenant_id = a.tenant_id and o.id = coalesce(p.org_id, asked.org_id)
    where coalesce(s.state, 'assigned') = 'assigned'
""")
# Of a request's versions, the last one alone is true.
REQUESTED = f"""
    select asked.id, r.id as request_id, r.org_id, r.product, r.seats, r.note, r.state, r.figures, r.answer_note,
        o.name, o.time_zone, p.display_name as asker from {ASKED}
    join license_request r on r.tenant_id = asked.tenant_id and r.id = cast(asked.subject as uuid)
        and r.version = asked.version
    left join organization o on o.tenant_id = r.tenant_id and o.id = r.org_id
    left join profile p on p.tenant_id = r.tenant_id and 'user:' || p.user_id = r.asked_by
"""
LICENSE_REQUEST = text(f"{REQUESTED} where r.state = 'open'")
LICENSE_ANSWER = text(f"{REQUESTED} where r.state in ('granted', 'declined')")
CHANGES_HELD = text(f"""
    select asked.id, s.id as set_id, s.org_id, s.source, s.would_deactivate, s.would_remove_roles, s.of_people,
        s.share_percent, o.name from {ASKED}
    join change_set s on s.tenant_id = asked.tenant_id and s.id = cast(asked.subject as uuid) and s.status = 'held'
    left join organization o on o.tenant_id = s.tenant_id and o.id = s.org_id
""")
# A name is for those who administer the person, who were asked to take them in, or who have them by now.
TRANSFERRED = f"""
    select asked.id, t.id as transfer_id, asked.org_id, t.status, t.to_org_id = asked.org_id as is_coming, o.name,
        case when t.decides_org_id = asked.org_id or t.asked_org_id = t.from_org_id or t.status = 'approved'
            then p.display_name end as person
    from {ASKED}
    join transfer t on t.tenant_id = asked.tenant_id and t.id = cast(asked.subject as uuid)
    left join organization o on o.tenant_id = asked.tenant_id and o.id = asked.org_id
    left join profile p on p.tenant_id = t.tenant_id and p.user_id = t.user_id
"""
TRANSFER_ASKED = text(f"{TRANSFERRED} where t.status = 'asked'")
TRANSFER_ANSWER = text(f"{TRANSFERRED} where t.status in ('approved', 'rejected')")
EXPORT_READY = text(f"""
    select asked.id, f.id as export_id, f.org_id, f.report, f.format, f.rows, f.expires_at, o.name, o.time_zone
    from {ASKED}
    join export_file f on f.tenant_id = asked.tenant_id and f.id = cast(asked.subject as uuid)
    left join organization o on o.tenant_id = f.tenant_id and o.id = f.org_id
""")


async def load_due(conn: AsyncConnection, deliveries: Sequence[Delivery], representative: Recipient) -> list[Due]:
    """Deliveries with what is known of their recipients, and what their notices say where they are still true."""
    people = await load_recipients(conn, {(one.recipient_tenant_id, one.recipient) for one in deliveries})
    people[representative.id] = representative
    notices: dict[UUID, Notice] = {}
    for kind, (statement, read) in LOADED.items():
        if of_kind := [delivery for delivery in deliveries if delivery.kind is kind]:
            rows = (await conn.execute(statement, arrays(of_kind))).all()
            notices |= {id_: read(list(group)) for id_, group in groupby(rows, key=lambda row: row.id)}
    return [
        Due(one, people.get(one.recipient, Recipient(one.recipient_tenant_id, one.recipient)), notices.get(one.id))
        for one in deliveries
    ]


def arrays(deliveries: Sequence[Delivery]) -> dict[str, Sequence[UUID | str | int]]:
    """Deliveries as the parallel arrays that statements take."""
    return {
        "tenants": [delivery.tenant_id for delivery in deliveries],
        "ids": [delivery.id for delivery in deliveries],
        "orgs": [delivery.org_id for delivery in deliveries],
        "recipients": [delivery.recipient for delivery in deliveries],
        "subjects": [delivery.subject for delivery in deliveries],
        "versions": [delivery.subject_version for delivery in deliveries],
    }


def to_waitlisted(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    return Waitlisted(row.product, row.name or UNNAMED, row.since, to_zone(row.time_zone))


def to_digest(rows: Sequence[Row[Any]]) -> Notice:
    waiting = [Waiting(row.product, row.unit, row.people, row.since) for row in rows]
    return WaitlistDigest(rows[0].org_id, rows[0].name, to_zone(rows[0].time_zone), waiting)


def to_license_ending(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    zone = to_zone(row.time_zone)
    return LicenseEnding(row.org_id, row.name or UNNAMED, row.product, row.seats, row.ends_at, zone)


def to_reclaim_warning(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    zone = to_zone(row.time_zone)
    return ReclaimWarning(row.product, row.name or UNNAMED, row.last_login_at, row.reclaim_due, zone)


def to_license_requested(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    figures = row.figures
    return LicenseRequested(
        id=row.request_id,
        org_id=row.org_id,
        organization=row.name or UNNAMED,
        product=row.product,
        seats=row.seats,
        note=row.note,
        asker=row.asker or "",
        capacity=figures["capacity"],
        assigned=figures["assigned"],
        waitlisted=figures["waitlisted"],
        waitlisted_here=figures["waitlisted_here"],
        ends_at=datetime.fromisoformat(figures["ends_at"]) if figures["ends_at"] else None,
        zone=to_zone(row.time_zone),
    )


def to_license_answered(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    named = (row.request_id, row.org_id, row.name or UNNAMED, row.product, row.seats)
    return LicenseAnswered(*named, row.state == "granted", row.answer_note)


def to_changes_held(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    figures = (row.would_deactivate, row.would_remove_roles, row.of_people, row.share_percent)
    return ChangesHeld(row.set_id, row.org_id, row.name or UNNAMED, row.source, *figures)


def to_transfer_asked(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    return TransferAsked(row.transfer_id, row.org_id, row.name or UNNAMED, row.person or None, row.is_coming)


def to_transfer_answered(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    is_approved = row.status == "approved"
    return TransferAnswered(row.transfer_id, row.org_id, row.name or UNNAMED, row.person or None, is_approved)


def to_export_ready(rows: Sequence[Row[Any]]) -> Notice:
    [row] = rows
    named = (row.export_id, row.org_id, row.name or UNNAMED, row.report, row.format, row.rows)
    return ExportReady(*named, row.expires_at, to_zone(row.time_zone))


@lru_cache(maxsize=1_000)
def to_zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


LOADED: Mapping[Kind, tuple[TextClause, Callable[[Sequence[Row[Any]]], Notice]]] = {
    Kind.WAITLISTED: (WAITLISTED, to_waitlisted),
    Kind.WAITLIST_DIGEST: (WAITLIST_DIGEST, to_digest),
    Kind.LICENSE_ENDING: (LICENSE_ENDING, to_license_ending),
    Kind.RECLAIM_WARNING: (RECLAIM_WARNING, to_reclaim_warning),
    Kind.LICENSE_REQUEST: (LICENSE_REQUEST, to_license_requested),
    Kind.LICENSE_ANSWER: (LICENSE_ANSWER, to_license_answered),
    Kind.CHANGES_HELD: (CHANGES_HELD, to_changes_held),
    Kind.TRANSFER_ASKED: (TRANSFER_ASKED, to_transfer_asked),
    Kind.TRANSFER_ANSWER: (TRANSFER_ANSWER, to_transfer_answered),
    Kind.EXPORT_READY: (EXPORT_READY, to_export_ready),
}

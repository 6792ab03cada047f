"""Facts as messages: what was decided, in the form in which others are told."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from usher_contracts.entitlements import (
    GrantRuleChanged,
    LicenseRequestChanged,
    LicenseTermChanged,
    LicenseTermNotice,
    PoolChanged,
    PoolFigures,
    SeatChanged,
    SeatEvidence,
)
from usher_contracts.envelope import Cause, Event
from usher_entitlements.domain.grants import RuleRow, rule_id
from usher_entitlements.domain.license_requests import LicenseRequest
from usher_entitlements.domain.notices import days_left
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat, SeatChange
from usher_entitlements.domain.terms import LicenseTerm, TermState
from usher_kit.ids import new_id


def seat_message(change: SeatChange, evidence: SeatEvidence, cause: Cause) -> Event[SeatChanged]:
    """`seat.changed`."""
    seat = change.seat
    fact = SeatChanged.model_validate(
        {
            "tenant_id": seat.tenant_id,
            "version": seat.version,
            "previous_version": change.from_version,
            "user_id": seat.user_id,
            "product": seat.product,
            "org_id": seat.org_id,
            "pool_id": seat.pool_id,
            "state": seat.state.value,
            "from_state": change.from_state.value,
            "claim": change.claim.value,
            "reason": seat.reason.value,
            "since": seat.since,
            "assigned_since": seat.assigned_since,
            "wanted_since": seat.wanted_since,
            "evidence": evidence,
        }
    )
    return to_event(fact, seat.since, cause)


def seat_evidence(seat: Seat, pool: Pool | None, note: str | None = None) -> SeatEvidence:
    """What the seat's state rests on: the role and its rule, and the pool's figures as the decision left them.

    `pool` is None where the seat has left one that the decision did not touch.
    """
    given = None
    if pool is not None:
        given = PoolFigures(capacity=pool.license.capacity, assigned=pool.assigned, waitlisted=pool.waitlisted)
    rule = rule_id(seat.tenant_id, seat.role, seat.product) if seat.role else None
    return SeatEvidence.model_validate({"role": seat.role, "rule_id": rule, "pool": given, "note": note})


def pool_message(pool: Pool, last: int, cause: Cause) -> Event[PoolChanged]:
    """The event of a pool's change."""
    return to_event(pool_changed(pool, last), pool.as_of, cause)


def pool_changed(pool: Pool, last: int = 0) -> PoolChanged:
    """`pool.changed`; `last` is the version before."""
    given = pool.license
    return PoolChanged(
        tenant_id=pool.tenant_id,
        version=pool.version,
        previous_version=last,
        id=pool.id,
        org_id=pool.org_id,
        product=pool.product,
        state="ended" if given.state is TermState.ENDED else "open",
        license_state=given.state.value,
        capacity=given.capacity,
        capacity_with_grace=given.capacity_with_grace,
        overage_seats=given.extra,
        assigned=pool.assigned,
        waitlisted=pool.waitlisted,
        suspended=pool.suspended,
        over_allocated=pool.over_allocated,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        as_of=pool.as_of,
    )


def term_message(term: LicenseTerm, last: int, at: datetime, cause: Cause) -> Event[LicenseTermChanged]:
    """The event of a term's change."""
    return to_event(term_changed(term, last), at, cause)


def term_changed(term: LicenseTerm, last: int = 0) -> LicenseTermChanged:
    """`license_term.changed`; `last` is the version before."""
    return LicenseTermChanged.model_validate(
        {
            "tenant_id": term.tenant_id,
            "version": term.version,
            "previous_version": last,
            "id": term.id,
            "org_id": term.org_id,
            "product": term.product,
            "seats": term.seats,
            "starts_at": term.starts_at,
            "ends_at": term.ends_at,
            "grace_days": term.grace_days,
            "overage": term.overage,
            "shrink": term.shrink,
            "price_per_seat": term.price_per_seat,
            "currency": term.currency,
            "state": term.state.value,
        }
    )


def notice_message(term: LicenseTerm, threshold: int, at: datetime, cause: Cause) -> Event[LicenseTermNotice]:
    """`license_term.notice`: the term's end is nearer than `threshold` days."""
    fact = LicenseTermNotice(
        tenant_id=term.tenant_id,
        version=term.version,
        term_id=term.id,
        org_id=term.org_id,
        product=term.product,
        seats=term.seats,
        ends_at=term.ends_at,
        days_left=days_left(term, at),
        threshold=threshold,
    )
    return to_event(fact, at, cause)


def rule_message(tenant_id: UUID, row: RuleRow, last: int, at: datetime, cause: Cause) -> Event[GrantRuleChanged]:
    """`grant_rule.changed`; `last` is the version before."""
    fact = GrantRuleChanged.model_validate(
        {
            "tenant_id": tenant_id,
            "version": row.version,
            "previous_version": last,
            "id": rule_id(tenant_id, row.rule.role, row.rule.product),
            "role": row.rule.role,
            "product": row.rule.product,
            "priority": row.rule.priority,
            "active": row.active,
            "since": row.rule.since,
        }
    )
    return to_event(fact, at, cause)


def request_message(request: LicenseRequest, last: int, at: datetime, cause: Cause) -> Event[LicenseRequestChanged]:
    """`license_request.changed`; `last` is the version before."""
    fact = LicenseRequestChanged.model_validate(
        {
            **{name: getattr(request, name) for name in LicenseRequestChanged.model_fields if hasattr(request, name)},
            "previous_version": last,
            "state": request.state.value,
            "figures": asdict(request.figures),
        }
    )
    return to_event(fact, at, cause)


def to_event(fact: Any, at: datetime, cause: Cause) -> Event[Any]:
    """The event that tells `fact`, with an id of its own."""
    return Event.of(fact, id=new_id(), at=at, cause=cause)

"""Explanations: why a person has, or has not, the use of a product, as one code in order of precedence (seats: Why)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from usher_entitlements.domain.counterfactual import Step, least_change
from usher_entitlements.domain.seats import Reason, SeatState
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import TermState


class Code(StrEnum):
    """What an explanation says: the first that applies, in this order."""

    CHANGE_IN_PROGRESS = "change_in_progress"
    UNKNOWN_USER = "unknown_user"
    USER_NOT_ACTIVE = "user_not_active"
    PRODUCT_NOT_ACTIVATED = "product_not_activated"
    NO_ROLE = "no_role"
    WITHHELD = "withheld"
    RECLAIMED = "reclaimed_for_inactivity"
    LICENSE_NOT_STARTED = "license_not_started"
    LICENSE_EXPIRED = "license_expired"
    WAITLISTED = "waitlisted"
    IN_GRACE = "in_grace"
    SEATED = "seated"

    @property
    def allows(self) -> bool:
        return self in (Code.IN_GRACE, Code.SEATED)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. `position` counts from 1; `until` is when a use that is allowed ends without a renewal."""

    code: Code
    position: int | None
    until: datetime | None
    counterfactual: Sequence[Step]
    """The least change that would seat the person; empty where they are seated or the change is on its way."""


def explain(standing: Standing, at: datetime, *, user_version: int | None = None) -> Explanation:
    """Explain `standing` at `at`. `user_version` is the version of the person that the caller knows of."""
    code = _code(standing, at, user_version)
    decided = not code.allows and code is not Code.CHANGE_IN_PROGRESS
    return Explanation(
        code=code,
        position=standing.position if code is Code.WAITLISTED else None,
        until=standing.pool.license.usable_until if code.allows and standing.pool else None,
        counterfactual=least_change(standing, at) if decided else [],
    )


def _code(standing: Standing, at: datetime, user_version: int | None) -> Code:
    person = standing.person
    if user_version is not None and (person is None or person.version < user_version):
        return Code.CHANGE_IN_PROGRESS
    if person is None:
        return Code.UNKNOWN_USER
    if not person.is_active:
        return Code.USER_NOT_ACTIVE
    if not standing.terms:
        return Code.PRODUCT_NOT_ACTIVATED
    if not standing.called_by:
        return Code.NO_ROLE
    return _code_by_block(standing) or _code_by_license(standing, at)


def _code_by_block(standing: Standing) -> Code | None:
    if standing.seat is None or standing.seat.blocked_since is None:
        return None
    return Code.RECLAIMED if standing.seat.blocked_for is Reason.INACTIVITY else Code.WITHHELD


def _code_by_license(standing: Standing, at: datetime) -> Code:
    pool = standing.pool
    if pool is None:
        scheduled = any(term.state is TermState.SCHEDULED for term in standing.terms)
        return Code.LICENSE_NOT_STARTED if scheduled else Code.LICENSE_EXPIRED
    # The dates go before the stored state: nobody uses a license past its end because a passage is late.
    if not pool.license.state.keeps or pool.license.usable_until <= at:
        return Code.LICENSE_EXPIRED
    if standing.seat_state is SeatState.ASSIGNED:
        return Code.IN_GRACE if pool.license.state is TermState.GRACE else Code.SEATED
    # Wanted and served, yet neither seated nor waiting: the decision is on its way.
    return Code.WAITLISTED if standing.seat_state is SeatState.WAITLISTED else Code.CHANGE_IN_PROGRESS

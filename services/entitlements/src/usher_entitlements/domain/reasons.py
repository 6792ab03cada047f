"""Reasons: why a person came to want a seat, or no longer does, told from what changed about them."""

from collections.abc import Mapping

from usher_entitlements.domain.grants import Rules, calls
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.seats import Reason

_NOT_ACTIVE: Mapping[str, Reason] = {
    "invited": Reason.USER_SUSPENDED,
    "suspended": Reason.USER_SUSPENDED,
    "archived": Reason.USER_ARCHIVED,
    "deleted": Reason.USER_DELETED,
}


def why_came(before: Person | None, after: Person, rules: Rules, product: str, otherwise: Reason) -> Reason:
    """Why `after` wants a seat that `before` had none of. `otherwise` is the configuration's reason."""
    if before is None:
        return Reason.ROLE_GRANTED
    if not before.is_active:
        return Reason.USER_ACTIVATED
    if not calls(rules, before, product):
        return Reason.ROLE_GRANTED
    return Reason.USER_TRANSFERRED if before.org_id != after.org_id else otherwise


def why_left(before: Person | None, after: Person, rules: Rules, product: str, otherwise: Reason) -> Reason:
    """Why `after` gives up the seat in the pool that served `before`. `otherwise` is the configuration's reason."""
    if after.is_transferred:
        return Reason.USER_TRANSFERRED
    if not after.is_active:
        return _NOT_ACTIVE[after.status]
    if before is not None and calls(rules, before, product) and not calls(rules, after, product):
        return Reason.ROLE_REVOKED
    if before is not None and before.org_id != after.org_id:
        return Reason.USER_TRANSFERRED
    return otherwise if calls(rules, after, product) else Reason.RULE_CHANGED

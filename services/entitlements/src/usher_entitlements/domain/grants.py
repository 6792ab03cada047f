"""Grant rules: which roles call for which product, and since when a person wants it (seats: Seat states)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from usher_entitlements.domain.allocation import Want
from usher_entitlements.domain.people import Person


@dataclass(frozen=True, slots=True)
class GrantRule:
    """A role calls for a product. `since` is when it began to; None is always (the default rules)."""

    role: str
    product: str
    priority: int = 0
    since: datetime | None = None


Rules = Mapping[str, Mapping[str, GrantRule]]
"""A tenant's rules by product, then by role."""

DEFAULT_RULES: Sequence[GrantRule] = (
    GrantRule("learner", "learn"),
    GrantRule("observer", "observe"),
    GrantRule("observable", "observe"),
    GrantRule("org_admin", "learn"),
    GrantRule("org_admin", "observe"),
    GrantRule("system_admin", "learn"),
    GrantRule("system_admin", "observe"),
)
"""What holds for a tenant that has set no rules of its own (seats: Words)."""


def rule_id(tenant_id: UUID, role: str, product: str) -> UUID:
    """A rule's id: a tenant has one for each role and product, so it follows from them."""
    return uuid5(tenant_id, f"grant-rule/{role}/{product}")


def by_product(rules: Iterable[GrantRule]) -> Rules:
    """Rules in the form in which they are asked."""
    found: dict[str, dict[str, GrantRule]] = {}
    for rule in rules:
        found.setdefault(rule.product, {})[rule.role] = rule
    return found


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of a tenant's own, also one that no longer holds, at a version. 0 is a default one, not yet its own."""

    rule: GrantRule
    active: bool
    version: int


DEFAULT_ROWS: Sequence[RuleRow] = tuple(RuleRow(rule, active=True, version=0) for rule in DEFAULT_RULES)


def revise(rows: Iterable[RuleRow], wanted: Iterable[GrantRule], at: datetime) -> Sequence[RuleRow]:
    """The rows, one version on each, in which `rows` differ once the tenant's rules are `wanted` and no others.

    A rule that goes on to call keeps its `since`, whatever its new priority; one that begins to calls since `at`. The
    default rules become the tenant's own, so that a later default takes nothing from it.
    """
    known = {(row.rule.role, row.rule.product): row for row in rows}
    asked = {(rule.role, rule.product): rule for rule in wanted}
    revised: list[RuleRow] = []
    for key in sorted(known.keys() | asked.keys()):
        row, rule = known.get(key), asked.get(key)
        if rule is None and row is not None:
            fresh = replace(row, active=False)
        elif rule is not None:
            since = row.rule.since if row is not None and row.active else at
            fresh = RuleRow(replace(rule, since=since), active=True, version=row.version if row else 0)
        if row is None or fresh != row or row.version == 0:
            revised.append(replace(fresh, version=fresh.version + 1))
    return revised


def calls_otherwise(before: RuleRow | None, after: RuleRow) -> bool:
    """Whether a revised rule changes who wants the product, or at which place."""
    called = before is not None and before.active
    return called != after.active or (before is not None and called and before.rule != after.rule)


@dataclass(frozen=True, slots=True)
class Call:
    """A role of a person's that calls for a product, since when it does, and by which priority."""

    role: str
    since: datetime
    priority: int
    held_since: datetime
    """Since when the person has the role, whatever it called for."""


def calls(rules: Rules, person: Person, product: str) -> list[Call]:
    """The roles of `person` that call for `product`, the earliest first."""
    by_role = rules.get(product, {})
    found = [
        Call(held.role, max(held.since, rule.since) if rule.since else held.since, rule.priority, held.since)
        for held in person.roles
        if (rule := by_role.get(held.role))
    ]
    return sorted(found, key=lambda call: (call.since, call.role))


def want(person: Person, calling: Sequence[Call], lifted_at: datetime | None = None) -> Want | None:
    """The place that `person` claims by these calls, or None where they don't want the product.

    `wanted_since` is the latest of being active, the earliest call, and the lifting of a block at `lifted_at`; the
    priority is the lowest of the rules that call.
    """
    if not person.is_active or not calling:
        return None
    since = max(person.status_since, calling[0].since)
    if lifted_at is not None:
        since = max(since, lifted_at)
    return Want(person.id, since, min(call.priority for call in calling))

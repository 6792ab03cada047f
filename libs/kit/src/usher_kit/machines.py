"""Machine clients: what a tenant's program may ask for, by scopes. A route that names none is closed to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Depends
from fastapi.params import Depends as Dependency

SCOPES: Mapping[str, str] = {
    "organizations:read": "organizations and their calendars",
    "organizations:write": "make and change units, and their calendars",
    "users:read": "people and their roles",
    "users:write": "create and change people, administrators excepted",
    "roles:write": "give and take roles, an administrator's excepted",
    "imports:read": "imports and what became of their rows",
    "imports:write": "import sets of files into a tenant as a whole",
    "check": "whether a person may use a product",
    "seats:read": "seats, lines, and why somebody has one or not",
    "seats:write": "withhold seats, and lift that again",
    "licenses:read": "products, grant rules, license terms, pools and requests for licenses",
    "usage:read": "activity, seats that are not used, and policies of use",
    "reports:read": "the dashboard, claims, compliance, renewals, usage over time and histories of seats",
    "reports:write": "make exports of reports, and remove them",
    "audit:read": "the audit log",
    "notifications:read": "which mails were sent to whom",
}
"""Every scope that a machine client may have, and what it opens (machines: Scopes)."""

ACTS_AS = frozenset({"org_admin"})
"""The roles that a machine has within an operation that its scope opens, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a machine's token says of its reach: a tenant, and the organization in it that it is bound to."""

    tenant_id: UUID
    org_id: UUID


def scoped(scope: str) -> Any:
    """A route's dependency: machine clients of this scope may call it. Raises ValueError for a scope that is none."""
    if scope not in SCOPES:
        raise ValueError(f"{scope!r} is no scope of machine clients")

    async def declare() -> None:
        """Nothing to do: access looks at the declaration before the route is called."""

    declare.__dict__["scope"] = scope
    return Depends(declare)


def scope_of_route(dependencies: Sequence[Dependency]) -> str | None:
    """The scope that a route declares by `scoped`; none where it is closed to machines."""
    declared = [one.dependency.__dict__ for one in dependencies if one.dependency]
    return next((str(one["scope"]) for one in declared if "scope" in one), None)

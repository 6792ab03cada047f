"""Roles: held per source, a person has the union, and an administrator's removal stands (seats: Words)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MANUAL = "manual"
"""The source of what an administrator grants."""


class Role(StrEnum):
    LEARNER = "learner"
    OBSERVER = "observer"
    OBSERVABLE = "observable"
    REPORTER = "reporter"
    ORG_ADMIN = "org_admin"
    SYSTEM_ADMIN = "system_admin"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role that one source gives, and since when it does."""

    role: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True, order=True)
class Removal:
    """An administrator's removal of a role that sources still give: it stands until lifted."""

    role: str
    removed_at: datetime
    removed_by: str


@dataclass(frozen=True, slots=True, order=True)
class HeldRole:
    """A role that a person has, and since when without a break, whoever gave it in turn."""

    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Roles:
    """All that is known of one person's roles, each part in order."""

    grants: tuple[Grant, ...] = ()
    removals: tuple[Removal, ...] = ()
    held: tuple[HeldRole, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The roles that the person has."""
        return frozenset(one.role for one in self.held)

    def sources(self, role: str) -> list[str]:
        """Who gives `role`, in order."""
        return [grant.source for grant in self.grants if grant.role == role]

    def given_by(self, source: str) -> frozenset[str]:
        """The roles that `source` gives."""
        return frozenset(grant.role for grant in self.grants if grant.source == source)

    def also_by_hand(self, roles: Iterable[str], at: datetime) -> "Roles":
        """The roles with those of `roles` that are held granted by hand too, so that no source can take them."""
        wanted = (frozenset(roles) & self.names) - self.given_by(MANUAL)
        return self._with([*self.grants, *(Grant(role, MANUAL, at) for role in wanted)], self.removals, at)

    def from_source(self, source: str, roles: Iterable[str], at: datetime) -> "Roles":
        """The roles with `source` giving exactly `roles`; what other sources give stays."""
        known = {grant.role: grant for grant in self.grants if grant.source == source}
        given = [known.get(role) or Grant(role, source, at) for role in set(roles)]
        others = [grant for grant in self.grants if grant.source != source]
        return self._with([*others, *given], self.removals, at)

    def desired(self, roles: Iterable[str], by: str, at: datetime) -> "Roles":
        """The roles as an administrator wants them: the union is exactly `roles`.

        What is missing is given back where only a removal hid it, and else granted by hand. What is too much is
        taken: a manual grant ends, and a removal stands against what sources give.
        """
        wanted = frozenset(roles)
        removals = [one for one in self.removals if one.role not in wanted]
        given = {grant.role for grant in self.grants}
        grants = [grant for grant in self.grants if grant.source != MANUAL or grant.role in wanted]
        grants += [Grant(role, MANUAL, at) for role in wanted - given]
        removed = {one.role for one in removals}
        sourced = {grant.role for grant in grants} - wanted
        removals += [Removal(role, at, by) for role in sourced - removed]
        return self._with(grants, removals, at)

    def _with(self, grants: Iterable[Grant], removals: Iterable[Removal], at: datetime) -> "Roles":
        grants, removals = tuple(sorted(grants)), tuple(sorted(removals))
        since = {one.role: one.since for one in self.held}
        names = {grant.role for grant in grants} - {one.role for one in removals}
        return Roles(grants, removals, tuple(HeldRole(role, since.get(role, at)) for role in sorted(names)))

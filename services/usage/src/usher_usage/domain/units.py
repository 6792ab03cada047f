"""What seats of an organization are judged by: its own, or what the nearest ancestor sets (seats: Usage)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from uuid import UUID

from usher_usage.domain.days import NONE, Pauses
from usher_usage.domain.policies import DEFAULT_POLICY, Policy


@dataclass(frozen=True, slots=True)
class Unit:
    """An organization with what it sets itself."""

    id: UUID
    parent_id: UUID | None
    zone: tzinfo = UTC
    breaks: Pauses | None = None
    source_since: datetime | None = None
    """The first login of its people that a source of logins told; None where none did."""
    policies: Mapping[str, Policy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds at an organization for a product."""

    zone: tzinfo = UTC
    breaks: Pauses = NONE
    connected_since: datetime | None = None
    policy: Policy = DEFAULT_POLICY
    policy_set_at: UUID | None = None
    """The organization that set the policy; None where the default holds."""


@dataclass(frozen=True, slots=True)
class Units:
    """Some organizations and all their ancestors, as far as they are known."""

    units: Mapping[UUID, Unit]

    def rules(self, org_id: UUID, product: str) -> Rules:
        """What holds at an organization; the defaults for one that is not known yet."""
        way = list(self.way_up(org_id))
        sources = [unit.source_since for unit in way if unit.source_since]
        setting = next((unit for unit in way if product in unit.policies), None)
        return Rules(
            zone=way[0].zone if way else UTC,
            breaks=next((unit.breaks for unit in way if unit.breaks is not None), NONE),
            connected_since=min(sources, default=None),
            policy=setting.policies[product] if setting else DEFAULT_POLICY,
            policy_set_at=setting.id if setting else None,
        )

    def way_up(self, org_id: UUID) -> Iterator[Unit]:
        """An organization and its ancestors. Copies may arrive in any order, so that one can stand below itself."""
        seen: set[UUID] = set()
        at: UUID | None = org_id
        while at is not None and at in self.units and at not in seen:
            seen.add(at)
            yield self.units[at]
            at = self.units[at].parent_id

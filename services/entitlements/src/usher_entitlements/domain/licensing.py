"""Licensing: what terms and tree make of pools, and of who serves whom (seats: Words, pool)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from usher_entitlements.domain.license import License
from usher_entitlements.domain.pools import Pool, pool_id
from usher_entitlements.domain.terms import LicenseTerm, TermState
from usher_entitlements.domain.tree import Parents, serve

Unit = tuple[UUID, str]
"""An organization and a product."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """For each (organization, product) that another pool serves now: that pool, or None."""

    now: Mapping[Unit, UUID | None]
    carried: frozenset[Unit]
    """Those that some pool has served before: their seats are carried over."""
    opened: frozenset[Unit]
    """Those that no pool has served before: their people come to want the product."""


def license_pools(pools: Mapping[UUID, Pool], terms: Iterable[LicenseTerm], at: datetime) -> dict[UUID, Pool]:
    """The pools under what their terms give now; a first term that has begun opens a pool."""
    by_unit: dict[Unit, list[LicenseTerm]] = defaultdict(list)
    for term in terms:
        by_unit[term.org_id, term.product].append(term)
    licensed = dict(pools)
    for (org_id, product), own in by_unit.items():
        given, key = License.of(own), pool_id(org_id, product)
        if given is not None:
            pool = pools.get(key)
            opened = Pool(own[0].tenant_id, key, org_id, product, given, at)
            licensed[key] = replace(pool, license=given) if pool else opened
    return licensed


def change_service(parents: Parents, pools: Iterable[Pool], served: Mapping[Unit, UUID]) -> ServiceChange:
    """How `served`, the pools that served so far, changes with the tree and the pools that there are now."""
    own = {(pool.org_id, pool.product): pool.id for pool in pools if pool.license.state is not TermState.ENDED}
    serves = serve(parents, own)
    now = {unit: serves.get(unit) for unit in serves.keys() | served.keys() if serves.get(unit) != served.get(unit)}
    return ServiceChange(now, frozenset(now.keys() & served.keys()), frozenset(now.keys() - served.keys()))

"""The work list that a change of the configuration leaves: people to be decided about, in order of place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.domain.seats import Reason, Seat
from usher_entitlements.store.work_lists import count_lists_anew, lengthen_lists

# The place is worked out here as `domain.grants.want` does, so that a whole district is listed by one statement. People
# whom no rule calls any more come first: what they free goes to those who follow.
LIST = """
    insert into reevaluation (tenant_id, user_id, product, pool_id, priority, since, reason, cause)
    select p.tenant_id, p.id, s.product, s.pool_id, coalesce(min(r.priority), -2147483648),
           coalesce(greatest(p.status_since, min(greatest(held.since, r.since)),
                             least(max(t.given_back_at),
                                   min(held.since) filter (where r.role is not null and held.since > t.blocked_at))),
                    '-infinity'),
           :reason, cast(:cause as jsonb)
    from pool_service s
    join person p on p.tenant_id = s.tenant_id and p.org_id = s.org_id and p.status = 'active'
    cross join lateral unnest(p.roles, p.role_since) as held (role, since)
    left join unnest(cast(:rule_tenants as uuid[]), cast(:roles as text[]), cast(:products as text[]),
                     cast(:priorities as int[]), cast(:since as timestamptz[]))
        as r (tenant_id, role, product, priority, since)
        on r.tenant_id = p.tenant_id and r.role = held.role and r.product = s.product
    left join seat t on t.tenant_id = p.tenant_id and t.user_id = p.id and t.product = s.product
    {those}
    group by p.tenant_id, p.id, s.product, s.pool_id
    {having}
    on conflict (tenant_id, user_id, product) do update
    set (pool_id, priority, since, reason, cause)
      = (excluded.pool_id, excluded.priority, excluded.since, excluded.reason, excluded.cause)
"""
LIST_UNITS = text(
    LIST.format(
        those="""
            join unnest(cast(:unit_orgs as uuid[]), cast(:unit_products as text[])) as unit (org_id, product)
                on unit.org_id = s.org_id and unit.product = s.product
            where s.tenant_id = any(cast(:tenants as uuid[]))
        """,
        having="having count(r.role) > 0",
    )
)
LIST_ROLES = text(
    LIST.format(
        those="""
            left join unnest(cast(:changed_roles as text[]), cast(:changed_products as text[])) as c (role, product)
                on c.role = held.role and c.product = s.product
            where s.tenant_id = any(cast(:tenants as uuid[]))
        """,
        having="having count(c.role) > 0",
    )
)
MOVE = text("""
    update reevaluation r set pool_id = s.pool_id
    from person p join pool_service s on s.tenant_id = p.tenant_id and s.org_id = p.org_id
    where r.tenant_id = any(cast(:tenants as uuid[])) and p.tenant_id = r.tenant_id and p.id = r.user_id
      and s.product = r.product and s.pool_id <> r.pool_id
""")
ADD = text("""
    insert into reevaluation (tenant_id, user_id, product, pool_id, priority, since, reason, cause)
    select * from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[]),
        cast(:pools as uuid[]), cast(:priorities as int[]), cast(:since as timestamptz[]), cast(:reasons as text[]),
        cast(:causes as jsonb[]))
    on conflict (tenant_id, user_id, product) do update
    set (pool_id, priority, since, reason, cause)
      = (excluded.pool_id, excluded.priority, excluded.since, excluded.reason, excluded.cause)
""")
TAKE_PEOPLE = text("""
    delete from reevaluation
    where tenant_id = any(cast(:tenants as uuid[])) and user_id = any(cast(:users as uuid[]))
    returning user_id, product, pool_id, reason, cast(cause as text) as cause
""")
TAKE_FIRST = text("""
    delete from reevaluation r
    using (select user_id, product from reevaluation where tenant_id = :tenant and pool_id = :pool
           order by priority, since, user_id limit :most) as line
    where r.tenant_id = :tenant and r.user_id = line.user_id and r.product = line.product
    returning r.user_id, r.product, r.pool_id, r.reason, cast(r.cause as text) as cause
""")
DECIDED = text("""
    update person p set config_version = :version
    where p.tenant_id = :tenant and p.id = any(cast(:users as uuid[]))
      and not exists (select from reevaluation r where r.tenant_id = p.tenant_id and r.user_id = p.id)
""")
SAVE_CHANGE = text("""
    insert into rule_change (tenant_id, config_version, people, started_at)
    select cast(:tenant as uuid), :version, count(distinct user_id), :at from reevaluation where tenant_id = :tenant
    on conflict (tenant_id) do update
    set (config_version, people, started_at) = (excluded.config_version, excluded.people, excluded.started_at)
""")
PROGRESS = text("""
    select c.config_version, c.people, c.started_at,
        (select count(distinct user_id) from reevaluation r where r.tenant_id = c.tenant_id) as left
    from rule_change c where c.tenant_id = :tenant
""")

FIRST = -(2**31)


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the work list: a person whose seat of a product is to be decided about, why, and by what cause."""

    user_id: UUID
    product: str
    pool_id: UUID
    reason: Reason
    cause: Cause


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the people have been decided about whom the last change of a tenant's rules concerns."""

    config_version: int
    people: int
    started_at: datetime
    left: int

    @property
    def done(self) -> int:
        # Others may have come to the list since, by a pool that opened: they are not of this change.
        return max(0, self.people - self.left)

    def ends_at(self, at: datetime) -> datetime | None:
        """When it will be over, if it goes on as it has until `at`; None once it is, and before the first are done."""
        if not self.left or not self.done:
            return None
        return at + (at - self.started_at) * self.left / self.done


async def list_units(
    conn: AsyncConnection,
    rules: Mapping[UUID, Sequence[GrantRule]],
    units: Sequence[tuple[UUID, str]],
    reason: Reason,
    cause: Cause,
) -> None:
    """List the people of each (organization, product) whom a rule of these tenants calls, in one statement."""
    await conn.execute(
        LIST_UNITS,
        {
            **rule_columns(rules),
            "unit_orgs": [org for org, _ in units],
            "unit_products": [product for _, product in units],
            "reason": reason.value,
            "cause": to_json(cause),
        },
    )
    await count_lists_anew(conn, list(rules))


async def list_roles(
    conn: AsyncConnection, tenant_id: UUID, rules: Sequence[GrantRule], changed: Sequence[tuple[str, str]], cause: Cause
) -> None:
    """List the people who hold a role of which a rule, given as (role, product), has changed, in one statement."""
    await conn.execute(
        LIST_ROLES,
        {
            **rule_columns({tenant_id: rules}),
            "changed_roles": [role for role, _ in changed],
            "changed_products": [product for _, product in changed],
            "reason": Reason.RULE_CHANGED.value,
            "cause": to_json(cause),
        },
    )
    await count_lists_anew(conn, [tenant_id])


async def save_rule_change(conn: AsyncConnection, tenant_id: UUID, config_version: int, at: datetime) -> None:
    """Keep how many people are on the list by a change of the rules, which led to this version."""
    await conn.execute(SAVE_CHANGE, {"tenant": tenant_id, "version": config_version, "at": at})


async def find_progress(conn: AsyncConnection, tenant_id: UUID) -> Progress | None:
    """None where the rules never changed."""
    row = (await conn.execute(PROGRESS, {"tenant": tenant_id})).one_or_none()
    return Progress(*row) if row else None


async def follow_service(conn: AsyncConnection, tenants: Sequence[UUID]) -> None:
    """Let those on the list stand for the pool that serves them now; `list_units` comes after."""
    await conn.execute(MOVE, {"tenants": tenants})


async def take_people(conn: AsyncConnection, tenants: Sequence[UUID], users: Sequence[UUID]) -> list[Listed]:
    """Take these people off the list, since they are decided about now."""
    rows = await conn.execute(TAKE_PEOPLE, {"tenants": tenants, "users": users})
    return [from_row(row) for row in rows]


async def take_first(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, most: int) -> list[Listed]:
    """Take the first of a locked pool's list off it."""
    rows = await conn.execute(TAKE_FIRST, {"tenant": tenant_id, "pool": pool_id, "most": most})
    return [from_row(row) for row in rows]


async def mark_decided(conn: AsyncConnection, tenant_id: UUID, users: Sequence[UUID], config_version: int) -> None:
    """Save the configuration that people were decided under, once they are on no list any more."""
    await conn.execute(DECIDED, {"tenant": tenant_id, "users": users, "version": config_version})


async def add_listed(conn: AsyncConnection, people: Sequence[tuple[Seat, Reason, Cause]]) -> None:
    """Put newcomers on the list, each at the place that they claim."""
    if people:
        seats = [seat for seat, _, _ in people]
        columns: dict[str, list[Any]] = {
            "tenants": [seat.tenant_id for seat in seats],
            "users": [seat.user_id for seat in seats],
            "products": [seat.product for seat in seats],
            "pools": [seat.pool_id for seat in seats],
            # Who is first in line comes before every class.
            "priorities": [FIRST if seat.first_in_line else seat.priority for seat in seats],
            "since": [seat.wanted_since for seat in seats],
            "reasons": [reason.value for _, reason, _ in people],
            "causes": [to_json(cause) for _, _, cause in people],
        }
        await conn.execute(ADD, columns)
        await lengthen_lists(conn, [(seat.tenant_id, seat.pool_id) for seat in seats])


def rule_columns(rules: Mapping[UUID, Sequence[GrantRule]]) -> dict[str, list[Any]]:
    """Tenants and their rules, as arrays."""
    pairs = [(tenant_id, rule) for tenant_id, own in rules.items() for rule in own]
    since: list[datetime | None] = [rule.since for _, rule in pairs]
    return {
        "tenants": list(rules),
        "rule_tenants": [tenant_id for tenant_id, _ in pairs],
        "roles": [rule.role for _, rule in pairs],
        "products": [rule.product for _, rule in pairs],
        "priorities": [rule.priority for _, rule in pairs],
        "since": since,
    }


def to_json(cause: Cause) -> str:
    return cause.model_dump_json(exclude_none=True)


def from_row(row: Row[Any]) -> Listed:
    return Listed(row.user_id, row.product, row.pool_id, Reason(row.reason), Cause.model_validate_json(row.cause))

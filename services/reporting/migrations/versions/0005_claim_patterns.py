"""Claims counted by day, the waits that ended, and where each seat counts; now, and at any past moment."""

from math import log
from typing import Any

import sqlalchemy as sa
from alembic import op

from usher_kit.database import app_role
from usher_kit.migrations import isolate

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STEP = 1.05
ASKED = "cast(current_setting('usher.at') as timestamptz)"
DAY_BEGAN = f"date_trunc('day', {ASKED}, 'UTC')"
OPEN = "array['assigned', 'waitlisted', 'suspended']"
KNOWN = "(c.known_at <= upto and (c.voided_at <= upto) is not true)"

# The lines that the claims of seats count as, as they are known now, or were `upto` a moment; those with a length are
# of people who were seated after a wait. A seat that was held moves with its holder from one organization to the next
# when its next claim says so: the pool may be the same, and then the move is no claim.
COUNT_CLAIMS = f"""
    create function count_claims(of_tenants uuid[], of_users uuid[], of_products text[], upto timestamptz)
    returns table (tenant_id uuid, org_id uuid, product text, day date, kind text, reason text, length integer,
        known_on date, claims integer, seats_entered integer, seats_left integer, seats_transferred integer,
        wants_begun integer, wants_ended integer)
    language sql stable as $$
        with chained as (
            select c.*, cast(c.at at time zone zone.time_zone as date) as day,
                cast(c.known_at at time zone 'UTC' as date) as known_on, lag(c.org_id) over earlier as former_org,
                max(c.at) filter (where c.state = 'waitlisted' and c.from_state <> 'waitlisted')
                    over earlier as waited_since
            from unnest(of_tenants, of_users, of_products) as one (tenant_id, user_id, product)
            cross join lateral (
                select c.tenant_id, c.user_id, c.product, c.version, c.at, c.org_id, c.kind, c.reason, c.from_state,
                    c.state, c.known_at
                from public.claim c
                where (c.tenant_id, c.user_id, c.product) = (one.tenant_id, one.user_id, one.product)
                    and case when upto is null then not c.is_void else {KNOWN} end
                offset 0
            ) c
            join public.progress zone on zone.tenant_id = c.tenant_id
            window earlier as (
                partition by c.tenant_id, c.user_id, c.product order by c.version
                rows between unbounded preceding and 1 preceding
            )
        )
        select tenant_id, org_id, product, day, kind, reason, cast(null as integer), known_on, 1,
            cast(state = 'assigned' and from_state <> 'assigned' as integer),
            cast(from_state = 'assigned' and state <> 'assigned' as integer), 0,
            cast(state = any({OPEN}) and from_state <> all({OPEN}) as integer),
            cast(from_state = any({OPEN}) and state <> all({OPEN}) as integer)
        from chained
        union all
        select tenant_id, place.org_id, product, day, kind, reason, cast(null as integer), known_on,
            0, 0, 0, place.one, 0, 0
        from chained, lateral (values (chained.org_id, 1), (former_org, -1)) as place (org_id, one)
        where from_state = 'assigned' and former_org <> chained.org_id
        union all
        select tenant_id, org_id, product, day, kind, reason,
            cast(greatest(0, ceil(ln(greatest(1, extract(epoch from at - waited_since))) / {log(STEP)!r})) as integer),
            known_on, 0, 0, 0, 0, 0, 0
        from chained where state = 'assigned' and from_state = 'waitlisted' and waited_since is not null
    $$
"""
# What was known before the day of the moment is kept by day; what that day brought until then is counted anew, of the
# seats that it brought something.
PAST = f"""
    create view past.%(table)s with (security_invoker = true) as
    select %(columns)s from public.%(table)s where known_on < cast({DAY_BEGAN} as date)
    union all
    select %(line)s
    from (
        select array_agg(tenant_id) as tenants, array_agg(user_id) as users, array_agg(product) as products
        from (
            select tenant_id, user_id, product from public.claim where known_at >= {DAY_BEGAN} and known_at <= {ASKED}
            union
            select tenant_id, user_id, product from public.claim where voided_at >= {DAY_BEGAN} and voided_at <= {ASKED}
        ) one
    ) touched
    cross join (values (1, {ASKED}), (-1, {DAY_BEGAN} - interval '1 microsecond')) as side (sign, upto)
    cross join lateral public.count_claims(touched.tenants, touched.users, touched.products, side.upto) one
    where length is %(which)s
"""
MOMENT = "coalesce(cast(nullif(current_setting('usher.moment', true), '') as timestamptz), clock_timestamp())"
# Most seats never move, so nothing is kept of those: the first move keeps where the seat was before, too.
KEEP_PLACE = f"""
    create function keep_place() returns trigger language plpgsql as $$
    begin
        insert into seat_place (tenant_id, user_id, product, known_from, counts_at)
        select told.tenant_id, told.user_id, told.product, place.known_from, place.counts_at
        from told join kept using (tenant_id, user_id, product)
        cross join lateral (values (timestamptz '-infinity', kept.counts_at), ({MOMENT}, told.counts_at))
            as place (known_from, counts_at)
        where told.counts_at is distinct from kept.counts_at
        on conflict (tenant_id, user_id, product, known_from) do update
        set counts_at = case when excluded.known_from = '-infinity' then seat_place.counts_at
                             else excluded.counts_at end;
        return null;
    end $$
"""
ON_MOVE = """
    create trigger keep_place after update on seat referencing old table as kept new table as told
    for each statement execute function keep_place()
"""
SEATS = f"""
    create view past.seat with (security_invoker = true) as
    select own.tenant_id, own.user_id, own.product, coalesce(held.version, 0) as version, held.org_id, held.pool_id,
        coalesce(held.state, 'none') as state, held.since, held.assigned_since,
        coalesce(used.activity_version, 0) as activity_version, coalesce(used.activity, 'unknown') as activity,
        used.activity_since, cast(null as timestamptz) as last_login_at,
        case when place.is_known then place.counts_at else own.counts_at end as counts_at
    from public.seat own
    left join lateral (
        select c.version, c.org_id, c.pool_id, c.state, c.since, c.assigned_since from public.claim c
        where (c.tenant_id, c.user_id, c.product) = (own.tenant_id, own.user_id, own.product)
            and c.known_at <= {ASKED}
        order by c.version desc limit 1
    ) held on true
    left join lateral (
        select u.activity_version, u.activity, u.activity_since from public.seat_history u
        where (u.tenant_id, u.user_id, u.product) = (own.tenant_id, own.user_id, own.product)
            and u.known_from <= {ASKED}
        order by u.known_from desc limit 1
    ) used on true
    left join lateral (
        select m.counts_at, true as is_known from public.seat_place m
        where (m.tenant_id, m.user_id, m.product) = (own.tenant_id, own.user_id, own.product)
            and m.known_from <= {ASKED}
        order by m.known_from desc limit 1
    ) place on true
    where held.version is not null or used.activity_version is not null
"""
# A planner that knows nothing of a table takes a tenant for as rare as a person, and looks a seat's claims up among all
# of its tenant's: the slower, the more come in, until the table is analyzed. So it is told once that a tenant has many.
# What it learned of a table outlives the rows, and gives way to the first analysis of real ones.
EXAMPLE = "00000000-0000-0000-0000-000000000000"
TEACH = (
    f"select set_config('usher.tenants', '{{{EXAMPLE}}}', true)",
    f"""
        insert into claim (tenant_id, user_id, product, version, previous_version, at, org_id, kind, reason, from_state,
            state, actor, message_id, is_void, known_at)
        select '{EXAMPLE}', gen_random_uuid(), 'learn', 1, 0, timestamptz 'epoch' + n * interval '1 second',
            gen_random_uuid(), 'assigned', 'role_granted', 'none', 'assigned', 'system', n, false, timestamptz 'epoch'
        from generate_series(1, 1000) n
    """,
    "analyze claim",
    f"delete from claim where tenant_id = '{EXAMPLE}'",
    "select set_config('usher.tenants', '', true)",
)
SUMS = ("claims", "seats_entered", "seats_left", "seats_transferred", "wants_begun", "wants_ended")
TALLY = ("tenant_id", "org_id", "product", "day", "kind", "reason", "known_on")
WAIT = ("tenant_id", "org_id", "product", "day", "reason", "length", "known_on")


def upgrade() -> None:
    create_tallies()
    create_claim_indexes()
    zone = sa.Column("time_zone", sa.Text(), nullable=False, server_default="UTC", comment="whose days claims count by")
    op.add_column("progress", zone)
    op.add_column("seat", sa.Column("counts_at", sa.UUID(), comment="the person's organization, where the seat counts"))
    op.create_index("ix_seat_counts_at", "seat", ["counts_at", "product", "state", "activity", "user_id"])
    create_places()
    op.execute(COUNT_CLAIMS)
    tally = ", ".join((*TALLY, *(f"sign * {one}" for one in SUMS)))
    # A view of other types than its table's would make a statement that was prepared for one fail at the other.
    wait = ", ".join("cast(length as smallint)" if one == "length" else one for one in (*WAIT, "sign"))
    columns = ", ".join((*TALLY, *SUMS)), ", ".join((*WAIT, "seats"))
    op.execute(PAST % {"table": "claim_tally", "columns": columns[0], "line": tally, "which": "null"})
    op.execute(PAST % {"table": "wait_tally", "columns": columns[1], "line": wait, "which": "not null"})
    for statement in TEACH:
        op.execute(statement)
    op.execute(f"grant select on past.claim_tally, past.wait_tally, past.seat to {app_role('reporting')}")


def create_places() -> None:
    columns = [
        key("tenant_id", sa.UUID()),
        key("user_id", sa.UUID()),
        key("product"),
        key("known_from", sa.DateTime(timezone=True)),
    ]
    primary = sa.PrimaryKeyConstraint(*(column.name for column in columns), name="pk_seat_place")
    comment = "Where a seat counted that has moved, from its first place on"
    op.create_table("seat_place", *columns, sa.Column("counts_at", sa.UUID()), primary, comment=comment)
    isolate("seat_place")
    for statement in (KEEP_PLACE, ON_MOVE, SEATS):
        op.execute(statement)


def create_tallies() -> None:
    table(
        "claim_tally",
        [key("day", sa.Date(), "where the tenant's root is"), key("kind"), key("reason"), known_on()],
        *(count(one) for one in SUMS[:3]),
        count("seats_transferred", "came with people, less those that went"),
        count("wants_begun", "people who came to hold or await a seat"),
        count("wants_ended", "people who ceased to"),
        comment="Claims counted by day, void ones left out",
    )
    table(
        "wait_tally",
        [
            key("day", sa.Date(), "when the seat was given, where the tenant's root is"),
            key("reason"),
            key("length", sa.SmallInteger(), "of the wait, in steps that grow by 5 %"),
            known_on(),
        ],
        count("seats"),
        comment="Seats that were given after a wait, counted by day",
    )


def create_claim_indexes() -> None:
    for by, where in (("actor", "actor <> 'system'"), ("changeset", "changeset is not null")):
        columns = ["tenant_id", by, "at", "user_id"]
        op.create_index(f"ix_claim_{by}", "claim", columns, postgresql_where=sa.text(where))
    op.create_index("ix_claim_known_at", "claim", ["tenant_id", "known_at"])
    voided = sa.text("voided_at is not null")
    op.create_index("ix_claim_voided_at", "claim", ["tenant_id", "voided_at"], postgresql_where=voided)


def key(name: str, type_: Any = None, comment: str | None = None) -> "sa.Column[Any]":
    return sa.Column(name, type_ or sa.Text(), nullable=False, comment=comment, autoincrement=False)


def known_on() -> "sa.Column[Any]":
    return key("known_on", sa.Date(), "the day in UTC on which reporting came to know of it")


def count(name: str, comment: str | None = None) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def table(name: str, keys: "list[sa.Column[Any]]", *counts: "sa.Column[Any]", comment: str) -> None:
    columns = [key("tenant_id", sa.UUID()), key("org_id", sa.UUID()), key("product"), *keys]
    primary = sa.PrimaryKeyConstraint(*(column.name for column in columns), name=f"pk_{name}")
    op.create_table(name, *columns, *counts, primary, comment=comment)
    isolate(name)

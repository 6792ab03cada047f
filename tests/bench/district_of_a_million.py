"""A district of a million seats, made set-based: what reporting and identity would hold of it, in step with each other.

500,000 people of 1,000 schools in two regions hold a seat of each of two products; some wait, some left; three years of
rollups count 100,000,000 logins. Other sizes are in proportion.
"""

from uuid import UUID

FIRST_UNIT = 0x1000000
ROOT, NORTH = UUID(int=FIRST_UNIT + 1), UUID(int=FIRST_UNIT + 2)
FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jon", "Kira", "Leo", "Mona", "Nils",
         "Olga", "Paul", "Quinn", "Rosa", "Sven", "Tess", "Uma", "Vito", "Wes", "Xena", "Yuri", "Zoe")  # fmt: skip
LAST = (
    "Abbot",
    "Baker",
    "Carter",
    "Dietz",
    "Egan",
    "Farmer",
    "Graves",
    "Hale",
    "Irwin",
    "Jonas",
    "Klein",
    "Lopez",
    "Meyer",
    "Novak",
    "Olsen",
    "Parker",
    "Quist",
    "Ruiz",
    "Stone",
    "Tanner",
    "Ullman",
    "Vance",
    "Wolf",
    "Young",
)
NAME = f"""
    (array{list(FIRST)})[1 + n % {len(FIRST)}] || ' ' || (array{list(LAST)})[1 + n / {len(FIRST)} % {len(LAST)}]
"""

# Unit 1 is the root, 2 and 3 are its regions, the others schools; a person's school goes by the person's number.
UNITS = f"""
    create temporary table unit as
    select n, lpad(to_hex({FIRST_UNIT} + n), 32, '0')::uuid as id,
        case when n > 3 then lpad(to_hex({FIRST_UNIT} + 2 + n % 2), 32, '0')::uuid
             when n > 1 then '{{root}}'::uuid end as parent_id
    from generate_series(1, {{schools}} + 3) n;
    create temporary table human as
    select n, md5('person' || n)::uuid as id, lpad(to_hex({FIRST_UNIT} + 4 + n % {{schools}}), 32, '0')::uuid as org_id
    from generate_series(1, {{people}}) n;
    analyze unit; analyze human;
"""
IDENTITY = (
    UNITS
    + f"""
    insert into tenant (id) values ('{{root}}');
    insert into organization (tenant_id, id, parent_id, name, kind, status, time_zone, version)
    select '{{root}}', id, parent_id, 'Unit ' || n, case n when 1 then 'district' else 'school' end, 'active', 'UTC', 1
    from unit;
    insert into person (tenant_id, id, org_id, user_name, display_name, email, status, status_since, roles,
        role_since, version, profile_version)
    select '{{root}}', id, org_id, 'user' || n, {NAME}, 'user' || n || '@example.org', 'active', now(),
        '{{{{learner}}}}', array[now()], 1, 1
    from human;
    analyze;
"""
)
REPORTING = (
    UNITS
    + f"""
    insert into tenant (id) values ('{{root}}');
    insert into progress (tenant_id, as_of) values ('{{root}}', now());
    insert into organization (tenant_id, id, parent_id, name, kind, status, time_zone, version)
    select '{{root}}', id, parent_id, 'Unit ' || n, case n when 1 then 'district' else 'school' end, 'active', 'UTC', 1
    from unit;
    insert into person (tenant_id, id, org_id, status, status_since, roles, role_since, version)
    select '{{root}}', id, org_id, 'active', now(), '{{{{learner}}}}', array[now()], 1 from human;
    insert into profile (tenant_id, id, user_name, display_name, version)
    select '{{root}}', id, 'user' || n, {NAME}, 1 from human;
    insert into product (tenant_id, product, name, description, version)
    values ('{{root}}', 'learn', 'Learn', '', 1), ('{{root}}', 'observe', 'Observe', '', 1);
    insert into pool (tenant_id, id, org_id, product, state, license_state, capacity, capacity_with_grace,
        overage_seats, assigned, waitlisted, suspended, over_allocated, starts_at, ends_at, as_of, version)
    select '{{root}}', md5(product)::uuid, '{{root}}', product, 'open', 'active', {{people}}, {{people}}, 0, 0, 0, 0,
        false, now() - interval '1 year', now() + interval '1 year', now(), 1
    from product;
    insert into license_term (tenant_id, id, org_id, product, seats, starts_at, ends_at, grace_days, overage, shrink,
        state, version)
    select '{{root}}', md5(product || 'term')::uuid, '{{root}}', product, {{people}}, now() - interval '1 year',
        now() + interval '1 year', 30, 'block', 'keep', 'active', 1
    from product;
    insert into seat (tenant_id, user_id, product, version, org_id, counts_at, pool_id, state, since, assigned_since,
        activity_version, activity, activity_since, last_login_at)
    select '{{root}}', h.id, p.product, 1 + (n % 10 = 0)::int, h.org_id, h.org_id, md5(p.product)::uuid,
        case when n % 50 = 1 then 'waitlisted' when n % 50 = 2 then 'released' else 'assigned' end,
        now() - n * interval '30 seconds', now() - n * interval '30 seconds', 1,
        (array['active', 'inactive', 'never_used', 'active', 'unknown'])[1 + n % 5], now(), now()
    from human h cross join product p;
    insert into claim (tenant_id, user_id, product, version, previous_version, at, org_id, pool_id, kind, reason,
        from_state, state, actor, message_id, is_void, known_at)
    select tenant_id, user_id, product, v, v - 1, since + (v - version) * interval '3 days', org_id, pool_id,
        case when v < version then 'waitlisted' when version = 2 and state = 'assigned' then 'promoted' else state end,
        'role_granted', case when v > 1 then 'waitlisted' else 'none' end,
        case when v < version then 'waitlisted' else state end, 'system', 'm', false, now()
    from seat cross join generate_series(1, 2) v where v <= version;
    insert into headcount (tenant_id, org_id, product, assigned, waitlisted, suspended, active, inactive, never_used,
        unknown)
    select tenant_id, counts_at, product, count(*) filter (where state = 'assigned'),
        count(*) filter (where state = 'waitlisted'), 0,
        count(*) filter (where state = 'assigned' and activity = 'active'),
        count(*) filter (where state = 'assigned' and activity = 'inactive'),
        count(*) filter (where state = 'assigned' and activity = 'never_used'),
        count(*) filter (where state = 'assigned' and activity = 'unknown')
    from (
        select tenant_id, counts_at, product, state, activity from seat
        union all
        select l.tenant_id, l.counts_at, 'combined', l.state, l.activity
        from seat l join seat o using (tenant_id, user_id)
        where l.product = 'learn' and o.product = 'observe' and l.state <> 'released'
    ) counted group by tenant_id, counts_at, product;
    insert into claim_tally (tenant_id, org_id, product, day, kind, reason, known_on, claims, seats_entered, seats_left,
        seats_transferred, wants_begun, wants_ended)
    select tenant_id, org_id, product, (at at time zone 'UTC')::date, kind, reason, current_date, count(*),
        count(*) filter (where state = 'assigned'), 0, 0, count(*) filter (where from_state = 'none'), 0
    from claim group by 2, 1, 3, 4, 5, 6;
    insert into actives (tenant_id, org_id, period, starts_on, people, logins, version)
    select '{{root}}', id, 'day', current_date - d, 250, greatest(1, {{logins}} / ({{schools}} * {{days}})), 1
    from unit cross join generate_series(1, {{days}}) d where n > 3;
    analyze;
"""
)


def seed(template: str, *, seats: int, logins: int, days: int = 1_000) -> str:
    """The statements for so many seats; there are half as many people, and a school for each 500 of those."""
    people = seats // 2
    return template.format(root=ROOT, people=people, schools=max(2, people // 500), logins=logins, days=days)

"""BI: logins that see views of their own tenant, and nothing else; released views only gain columns."""

import sqlalchemy as sa
from alembic import op

from usher_kit.database import app_role, reader_role
from usher_kit.migrations import MAKE_ROLE, isolate, open_to_reader

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OWNER, READER = reader_role("reporting", "bi"), reader_role("reporting", "bi_reader")
FIGURES = ("assigned", "waitlisted", "suspended", "active", "inactive", "never_used", "unknown")

COLUMNS = {
    "bi_user": ("tenant_id", "role_name"),
    "organization": ("tenant_id", "id", "parent_id", "external_id", "name", "kind", "status", "time_zone"),
    "person": ("tenant_id", "id", "org_id", "status", "status_since", "roles"),
    "profile": ("tenant_id", "id", "display_name"),
    "product": ("tenant_id", "product", "name"),
    "license_term": ("tenant_id", "id", "org_id", "product", "seats", "starts_at", "ends_at", "grace_days", "overage",
                     "shrink", "price_per_seat", "currency", "state"),
    "pool": ("tenant_id", "id", "org_id", "product", "state", "license_state", "capacity", "capacity_with_grace",
             "overage_seats", "assigned", "waitlisted", "suspended", "over_allocated", "starts_at", "ends_at"),
    "seat": ("tenant_id", "user_id", "product", "version", "org_id", "pool_id", "state", "since", "assigned_since",
             "activity", "activity_since", "last_login_at"),
    "claim": ("tenant_id", "user_id", "product", "version", "at", "org_id", "pool_id", "kind", "reason", "from_state",
              "state", "actor", "changeset", "is_void"),
    "headcount": ("tenant_id", "org_id", "product", *FIGURES),
    "actives": ("tenant_id", "org_id", "period", "starts_on", "people", "logins"),
    "standing": ("tenant_id", "org_id", "product", "status", "since", "findings", "judged_at"),
}  # fmt: skip
"""What the views' owner may read, of every tenant: what they show, and what they are joined by."""

# By the login itself: it can change its settings and its current role, and not as whom it came.
OWN = "(select b.tenant_id from public.bi_user b where b.role_name = session_user)"

VIEWS: dict[str, tuple[str, str, dict[str, tuple[str, str]]]] = {
    "organizations": (
        "The tenant and its units",
        "public.organization t",
        {
            "id": ("t.id", "its id"),
            "parent_id": ("t.parent_id", "the organization above it; null for the tenant itself"),
            "external_id": ("t.external_id", "its id at the system that it came from"),
            "name": ("t.name", "its name"),
            "kind": ("t.kind", "what it is, such as district or school"),
            "status": ("t.status", "active or deleted"),
            "time_zone": ("t.time_zone", "by whose clock its days are counted"),
        },
    ),
    "people": (
        "People, with the names by which they are shown",
        "public.person t left join public.profile p on p.tenant_id = t.tenant_id and p.id = t.id",
        {
            "id": ("t.id", "their id"),
            "org_id": ("t.org_id", "their organization"),
            "display_name": ("p.display_name", "their name; empty once they were erased, null before it arrived"),
            "status": ("t.status", "invited, active, suspended, archived or deleted"),
            "status_since": ("t.status_since", "since when they have it"),
            "roles": ("t.roles", "what they do"),
        },
    ),
    "products": (
        "What is licensed",
        "public.product t",
        {"product": ("t.product", "its word"), "name": ("t.name", "its name")},
    ),
    "license_terms": (
        "Purchases of seats",
        "public.license_term t",
        {
            "id": ("t.id", "its id"),
            "org_id": ("t.org_id", "the organization that bought it"),
            "product": ("t.product", "the product"),
            "seats": ("t.seats", "how many seats it brings"),
            "starts_at": ("t.starts_at", "when it begins to count"),
            "ends_at": ("t.ends_at", "when it ends"),
            "grace_days": ("t.grace_days", "days after that in which seats are kept"),
            "overage": ("t.overage", "what may be used beyond it: block, percent:N or allow"),
            "shrink": ("t.shrink", "who loses a seat where there come to be fewer"),
            "price_per_seat": ("t.price_per_seat", "in the currency; null where it is not told"),
            "currency": ("t.currency", "ISO 4217"),
            "state": ("t.state", "where it stands in its life"),
        },
    ),
    "pools": (
        "All the seats of a product at an organization",
        "public.pool t",
        {
            "id": ("t.id", "its id"),
            "org_id": ("t.org_id", "the organization; units without a pool of their own draw on it"),
            "product": ("t.product", "the product"),
            "state": ("t.state", "open or closed"),
            "license_state": ("t.license_state", "the state of its license"),
            "capacity": ("t.capacity", "seats of terms that count"),
            "capacity_with_grace": ("t.capacity_with_grace", "the same with terms in grace"),
            "overage_seats": ("t.overage_seats", "seats beyond that which may be used; null is any number"),
            "assigned": ("t.assigned", "seats that are held"),
            "waitlisted": ("t.waitlisted", "people who wait for one"),
            "suspended": ("t.suspended", "seats that are suspended with the license"),
            "over_allocated": ("t.over_allocated", "whether more are held than are kept"),
            "starts_at": ("t.starts_at", "when its license began"),
            "ends_at": ("t.ends_at", "when its license ends"),
        },
    ),
    "seats": (
        "Who holds, awaits or held a seat of which product, one row for a person and a product",
        "public.seat t left join public.person p on p.tenant_id = t.tenant_id and p.id = t.user_id",
        {
            "user_id": ("t.user_id", "the person"),
            "product": ("t.product", "the product"),
            "org_id": ("coalesce(p.org_id, t.org_id)", "the person's organization, where the seat is counted"),
            "pool_id": ("t.pool_id", "the pool that the seat is of"),
            "state": ("t.state", "none, waitlisted, assigned, suspended, withheld or released"),
            "since": ("t.since", "since when it is in this state"),
            "assigned_since": ("t.assigned_since", "since when it is held without a break"),
            "activity": ("t.activity", "how it is used: active, warned, inactive, never_used or unknown"),
            "activity_since": ("t.activity_since", "since when it is used so"),
            "last_login_at": ("t.last_login_at", "when the person came last, as far as is told"),
        },
    ),
    "claims": (
        "The license history: one row for each version of each seat",
        "public.claim t",
        {
            "user_id": ("t.user_id", "the person"),
            "product": ("t.product", "the product"),
            "version": ("t.version", "the seat's version"),
            "at": ("t.at", "when it happened"),
            "org_id": ("t.org_id", "the person's organization at that time"),
            "pool_id": ("t.pool_id", "the pool"),
            "kind": ("t.kind", "what happened"),
            "reason": ("t.reason", "why"),
            "from_state": ("t.from_state", "the seat's state before"),
            "state": ("t.state", "the seat's state after"),
            "actor": ("t.actor", "who or what did it, by id"),
            "changeset": ("t.changeset", "the import or bulk job that it was part of"),
            "is_void": ("t.is_void", "whether a restored backup undid it: such rows count in nothing"),
        },
    ),
    "headcounts": (
        "How many people of an organization, without its units, hold, await or use seats",
        "public.headcount t",
        {
            "org_id": ("t.org_id", "the organization"),
            "product": ("t.product", "the product; combined is people with seats of learn and observe"),
            "assigned": ("t.assigned", "people who hold a seat"),
            "waitlisted": ("t.waitlisted", "people who wait for one"),
            "suspended": ("t.suspended", "people whose seat is suspended"),
            "active": ("t.active", "people assigned who came within the window"),
            "inactive": ("t.inactive", "people assigned who did not"),
            "never_used": ("t.never_used", "people assigned who never came"),
            "unknown": ("t.unknown", "people assigned of whom nothing is told"),
        },
    ),
    "actives": (
        "How many different people of an organization, without its units, came by day and by month",
        "public.actives t",
        {
            "org_id": ("t.org_id", "the organization"),
            "period": ("t.period", "day or month"),
            "starts_on": ("t.starts_on", "the day, or the first of the month, where the organization is"),
            "people": ("t.people", "different people who came"),
            "logins": ("t.logins", "how often they did"),
        },
    ),
    "compliance": (
        "Whether organizations keep to what they bought",
        "public.standing t join public.pool o using (tenant_id, org_id, product)",
        {
            "org_id": ("t.org_id", "the organization that licenses the product"),
            "product": ("t.product", "the product"),
            "status": ("t.status", "compliant, at_risk or non_compliant"),
            "since": ("t.since", "since when it has this status"),
            "judged_at": ("t.judged_at", "when it was judged so last"),
            "findings": ("t.findings", "codes with figures, people concerned and what to do, the most urgent first"),
        },
    ),
}
"""Each view with what it is of; each column with what it shows, and what that means."""

ONLY = {"seats": ["t.version > 0"], "compliance": ["o.state = 'open'"]}
"""Which rows a view is of, beside those of the tenant."""

ADD_LOGIN = """
    create function add_bi_login(login text, verifier text, connections int, timeout_seconds int) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        if login !~ '^usher_bi_[0-9a-f]{{32}}$' or verifier !~ '^SCRAM-SHA-256[$]' then
            raise exception 'no login of BI, or no verifier';
        end if;
        execute format('revoke temporary, create on database %I from public', current_database());
        execute format('create role %I login inherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls '
            'connection limit %s password %L in role {reader}', login, connections, verifier);
        execute format('grant %I to %I', login, current_user);
        execute format('alter role %I set default_transaction_read_only = on', login);
        execute format('alter role %I set statement_timeout = %L', login, timeout_seconds || 's');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', login, timeout_seconds || 's');
        execute format('alter role %I set search_path = bi_v1', login);
        execute format('alter role %I set timezone = ''UTC''', login);
    end $$
"""
# A session that is open goes on under the former password: so it is ended.
END_SESSIONS = """
    perform pg_terminate_backend(pid) from pg_stat_activity where usename = login;
"""
ROTATE_LOGIN = f"""
    create function rotate_bi_login(login text, verifier text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        if login !~ '^usher_bi_[0-9a-f]{{32}}$' or verifier !~ '^SCRAM-SHA-256[$]' then
            raise exception 'no login of BI, or no verifier';
        end if;
        execute format('alter role %I password %L', login, verifier);
        {END_SESSIONS}
    end $$
"""
DROP_LOGIN = f"""
    create function drop_bi_login(login text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        if login !~ '^usher_bi_[0-9a-f]{{32}}$' then raise exception 'no login of BI'; end if;
        {END_SESSIONS}
        execute format('drop role if exists %I', login);
    end $$
"""
# Whoever logs in may lift its own timeout: what goes on for longer all the same is ended from outside.
END_OVERLONG = """
    create function end_overlong_bi(timeout_seconds int) returns bigint
    language sql security definer set search_path = pg_catalog, pg_temp as $$
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where usename ~ '^usher_bi_[0-9a-f]{32}$' and datname = current_database()
            and xact_start < clock_timestamp() - make_interval(secs => timeout_seconds)
    $$
"""
FUNCTIONS = {
    "add_bi_login(text, text, int, int)": ADD_LOGIN.format(reader=READER),
    "rotate_bi_login(text, text)": ROTATE_LOGIN,
    "drop_bi_login(text)": DROP_LOGIN,
    "end_overlong_bi(int)": END_OVERLONG,
}


def upgrade() -> None:
    create_users()
    open_to_reader("reporting", "bi", COLUMNS)
    op.execute(MAKE_ROLE.format(role=READER))
    op.execute(f"create schema bi_v1 authorization {OWNER}")
    op.execute(f"set local role {OWNER}")
    for name, (meaning, source, columns) in VIEWS.items():
        create_view(name, meaning, source, columns)
    op.execute(f"grant usage on schema bi_v1 to {READER}")
    op.execute(f"grant select on all tables in schema bi_v1 to {READER}")
    op.execute("reset role")
    for signature, statement in FUNCTIONS.items():
        op.execute(sa.text(statement.replace(":", r"\:")))
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {app_role('reporting')}")


def create_users() -> None:
    op.create_table(
        "bi_user",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role_name", sa.Text(), nullable=False, comment="the login; it says nothing of the tenant"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_bi_user"),
        comment="Logins of BI, each bound to its tenant",
    )
    op.create_index("uq_bi_user_role_name", "bi_user", ["role_name"], unique=True)
    op.create_index("uq_bi_user_name", "bi_user", ["tenant_id", "name"], unique=True)
    isolate("bi_user")


def create_view(name: str, meaning: str, source: str, columns: dict[str, tuple[str, str]]) -> None:
    """A view that filters before anything that a query brings along is tried on its rows."""
    shown = ", ".join(f"{value} as {column}" for column, (value, _) in columns.items())
    conditions = " and ".join([*ONLY.get(name, ()), f"t.tenant_id = {OWN}"])
    barrier = "with (security_barrier = true)"
    op.execute(f"create view bi_v1.{name} {barrier} as select {shown} from {source} where {conditions}")
    op.execute(f"comment on view bi_v1.{name} is {quoted(meaning)}")
    for column, (_, said) in columns.items():
        op.execute(f"comment on column bi_v1.{name}.{column} is {quoted(said)}")


def quoted(words: str) -> str:
    return "'" + words.replace("'", "''").replace(":", r"\:") + "'"

"""One set of figures, however they are asked for: API, command, files and SQL say what the owners' tables hold."""

import asyncio
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import openpyxl
import orjson
import pyarrow.parquet
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from usher_cli.clients.session import Session
from usher_cli.demo.record import Record
from usher_cli.main import app
from usher_kit.database import async_url
from usher_kit.versions import EPOCH_SIZE

from .system import SYSTEM, System, settle

pytestmark = SYSTEM

PRODUCTS = ("learn", "observe")
OPEN = ("assigned", "waitlisted", "suspended")
USED = {"active": "active", "warned": "active", "inactive": "inactive", "never_used": "never_used"}
NAMES = {state: state for state in OPEN} | {f"{use}_users": use for use in (*dict.fromkeys(USED.values()), "unknown")}
"""Figures as they are told, and what is counted for each."""

BI_PEOPLE = f"""
    with recursive unit as (
        select id as top, id as org_id from bi_v1.organizations
        union all
        select unit.top, below.id from unit join bi_v1.organizations below on below.parent_id = unit.org_id
    )
    select unit.top::text, product, {", ".join(f"sum({figure})" for figure in NAMES.values())}
    from unit join bi_v1.headcounts using (org_id) where product <> 'combined' and cast(:tenant as text) is not null
    group by 1, 2
"""

Figures: TypeAlias = Mapping[str, int | None]
Told: TypeAlias = dict[tuple[str, str], Figures]
"""By organization and product: people by state and use, and the seats that were bought; null for an ancestor's."""


@dataclass(frozen=True)
class Owners:
    """What the owners of seats, licenses and logins hold of a tenant, row by row, and counts of it by hand."""

    parents: Mapping[str, str | None]
    homes: Mapping[str, str]
    seats: Mapping[tuple[str, str], str]
    uses: Mapping[tuple[str, str], str]
    capacities: Mapping[tuple[str, str], int]
    versions: int

    def above(self, org_id: str) -> Iterator[str]:
        """The organization and all above it, from itself up."""
        here: str | None = org_id
        while here is not None:
            yield here
            here = self.parents[here]

    def count(self) -> Told:
        """Every organization's figures with all its units, by the words of the domain (seats: Usage, Words)."""
        people: Counter[tuple[str, str, str]] = Counter()
        bought: Counter[tuple[str, str]] = Counter()
        for (user, product), state in self.seats.items():
            counted = [state] if state in OPEN else []
            if state == "assigned":
                counted.append(USED.get(self.uses.get((user, product), ""), "unknown"))
            people.update((org, product, figure) for org in self.above(self.homes[user]) for figure in counted)
        for (org, product), capacity in self.capacities.items():
            bought.update({(above, product): capacity for above in self.above(org)})
        return {
            (org, product): {
                **{name: people[org, product, figure] for name, figure in NAMES.items()},
                "total_licensed": None if self.is_shared(org, product) else bought[org, product],
            }
            for org in self.parents
            for product in PRODUCTS
        }

    def is_shared(self, org_id: str, product: str) -> bool:
        """Whether an ancestor's pool serves the organization."""
        serving = next((one for one in self.above(org_id) if (one, product) in self.capacities), org_id)
        return serving != org_id


def rows_of(url: str, query: str, tenant: str) -> list[Any]:
    async def read() -> list[Any]:
        engine = create_async_engine(async_url(url), poolclass=NullPool)
        async with engine.connect() as conn:
            found = [tuple(row) for row in await conn.execute(text(query), {"tenant": tenant})]
        await engine.dispose()
        return found

    return asyncio.run(read())


@pytest.fixture
def owners(system: System, session: Session, record: Record) -> Owners:
    settle(session)
    tenant = record.tenant_id

    def ask(service: str, query: str) -> list[Any]:
        return rows_of(system.databases[service], query, tenant)

    seats = ask("entitlements", "select user_id::text, product, state, version from seat where tenant_id = :tenant")
    uses = ask("usage", "select user_id::text, product, activity, version from seat_activity where tenant_id = :tenant")
    pools = ask(
        "entitlements",
        "select org_id::text, product, capacity from pool where tenant_id = :tenant and license_state <> 'ended'",
    )
    return Owners(
        dict(ask("identity", "select id::text, parent_id::text from organization where tenant_id = :tenant")),
        dict(ask("identity", "select id::text, org_id::text from person where tenant_id = :tenant")),
        {(user, product): state for user, product, state, _ in seats},
        {(user, product): use for user, product, use, version in uses if version},
        {(org, product): capacity for org, product, capacity in pools},
        sum(version % EPOCH_SIZE for *_, version in seats),
    )


def figures_of(line: Mapping[str, Any]) -> Figures:
    """A line of an answer or of a file; a CSV file holds text."""
    return {name: int(line[name]) if line[name] not in (None, "") else None for name in (*NAMES, "total_licensed")}


def told_of(org_id: str, lines: Iterable[Mapping[str, Any]]) -> Told:
    return {(org_id, line["product"]): figures_of(line) for line in lines if line["product"] in PRODUCTS}


def command(system: System, *arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"], obj=system.around)
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def exported(system: System, report: str, file: Path, org_id: str) -> Sequence[Mapping[str, Any]]:
    """The rows of a report's file, whatever its format."""
    result = CliRunner().invoke(app, ["report", report, "--org", org_id, "--export", str(file)], obj=system.around)
    assert result.exit_code == 0, result.output
    match file.suffix:
        case ".csv":
            return list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
        case ".parquet":
            rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
            return rows
        case _:
            names, *lines = openpyxl.load_workbook(file).worksheets[0].values
            return [dict(zip(map(str, names), line, strict=True)) for line in lines]


def test_whoever_is_asked_the_figures_are_the_owners(
    system: System, session: Session, record: Record, owners: Owners, tmp_path: Path
) -> None:
    counted = owners.count()
    root = record.tenant_id
    assert counted[root, "learn"]["assigned"]
    assert counted[root, "observe"]["waitlisted"]
    for org in owners.parents:
        own = {key: figures for key, figures in counted.items() if key[0] == org}
        assert told_of(org, session.reporting.dashboard(org)["products"]) == own
    own = {key: figures for key, figures in counted.items() if key[0] == root}
    assert told_of(root, command(system, "dashboard", "--org", root)["products"]) == own
    for kind in ("csv", "xlsx", "parquet"):
        assert told_of(root, exported(system, "dashboard", tmp_path / f"figures.{kind}", root)) == own


def test_by_organization_they_are_the_owners_too(
    system: System, session: Session, record: Record, owners: Owners, tmp_path: Path
) -> None:
    names = ("assigned", "waitlisted", "total_licensed")
    counted = {key: {name: one[name] for name in names} for key, one in owners.count().items()}
    answer = session.service("reporting").listed("/v1/dashboard/organizations", every=True, org_id=record.tenant_id)
    shown = {
        (unit["org_id"], line["product"]): {name: line[name] for name in names}
        for unit in answer["items"]
        for line in unit["products"]
        if line["product"] in PRODUCTS
    }
    assert shown == counted
    file = exported(system, "organizations", tmp_path / "units.parquet", record.tenant_id)
    told = {
        (str(row["org_id"]), row["product"]): {name: row[name] for name in names}
        for row in file
        if row["product"] in PRODUCTS
    }
    assert told == counted


def test_a_bi_tool_reads_the_owners_figures(
    system: System, session: Session, record: Record, owners: Owners, one_login: Mapping[str, Any]
) -> None:
    """By sums over an organization and its units, as the data dictionary says."""
    url = make_url(system.databases["reporting"]).set(username=one_login["role"], password=one_login["password"])
    people = rows_of(url.render_as_string(hide_password=False), BI_PEOPLE, record.tenant_id)
    told = {(org, product): dict(zip(NAMES, map(int, sums), strict=True)) for org, product, *sums in people}
    counted = owners.count()
    assert told
    for (org, product), sums in told.items():
        assert sums == {name: counted[org, product][name] for name in NAMES}, (org, product)
    missing = [figures for key, figures in counted.items() if key not in told]
    assert not any(figures[name] for figures in missing for name in NAMES)


@pytest.fixture
def one_login(session: Session, record: Record) -> Iterator[Mapping[str, Any]]:
    made = session.reporting.add_bi_user("agreement", record.tenant_id)
    yield made
    session.reporting.remove_bi_user(made["id"])


def test_claims_add_up_to_the_seats_that_are_held(
    system: System, session: Session, record: Record, owners: Owners, tmp_path: Path
) -> None:
    """Each version of a seat is one line; who entered less who left is who holds one (seats: Invariants, I6)."""
    shown = session.service("reporting").listed("/v1/claims", every=True, org_id=record.tenant_id)["items"]
    file = exported(system, "claims", tmp_path / "claims.parquet", record.tenant_id)
    by_sql = rows_of(
        system.databases["reporting"],
        "select user_id::text, product, version, from_state, state from claim where tenant_id = :tenant",
        record.tenant_id,
    )
    lines = [{(row["user_id"], row["product"], row["version"]) for row in rows} for rows in (shown, file)]
    assert lines[0] == lines[1] == {(user, product, version) for user, product, version, *_ in by_sql}
    assert len(by_sql) == owners.versions
    held = Counter(state for state in owners.seats.values() if state == "assigned")["assigned"]
    entered = sum((state == "assigned") - (before == "assigned") for *_, before, state in by_sql)
    assert entered == held > 0

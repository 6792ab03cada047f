"""What the databases hold of a tenant: every row of every table, as a digest, and every id and text that is its own."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from sqlalchemy import MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from usher_kit.database import async_url

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Digests = Mapping[str, Counter[str]]
"""By `service.table`, how many rows have each digest."""

LINES_OF_TIME = {"reporting.progress"}
"""What a report may set forward to the moment that it is of."""


@dataclass(frozen=True)
class Books:
    """The services' databases, read as their owner, for whom there are no walls."""

    databases: Mapping[str, str]

    def digests(self, tenant_id: str) -> Digests:
        """Every row of the tenant's, of every table that metadata name; but where reading sets forward."""
        found = self._read("select md5(t::text) as found from {table} t where t.tenant_id = :tenant", tenant_id)
        return {table: rows for table, rows in found.items() if table not in LINES_OF_TIME}

    def ids(self, tenant_id: str) -> frozenset[str]:
        """Every id that stands in rows of the tenant's and in nobody else's."""
        own = self._read("select t::text as found from {table} t where t.tenant_id = :tenant", tenant_id)
        other = self._read("select t::text as found from {table} t where t.tenant_id <> :tenant", tenant_id)
        return ids_in(own) - ids_in(other)

    def _read(self, query: str, tenant_id: str) -> Digests:
        async def read() -> Digests:
            found: dict[str, Counter[str]] = {}
            for service, url in self.databases.items():
                engine = create_async_engine(async_url(url), poolclass=NullPool)
                async with engine.connect() as conn:
                    for table in of_tenants(metadata_of(service)):
                        found[f"{service}.{table.name}"] = await rows(conn, query.format(table=table.name), tenant_id)
                await engine.dispose()
            return found

        return asyncio.run(read())


async def rows(conn: AsyncConnection, query: str, tenant_id: str) -> Counter[str]:
    return Counter((await conn.scalars(text(query), {"tenant": tenant_id})).all())


def metadata_of(service: str) -> MetaData:
    metadata: MetaData = import_module(f"usher_{service}.tables").METADATA
    return metadata


def of_tenants(metadata: MetaData) -> list[Table]:
    """The tables that hold tenants' rows."""
    return [table for table in metadata.sorted_tables if "tenant_id" in table.columns]


def ids_in(found: Digests) -> frozenset[str]:
    return frozenset(id_ for rows in found.values() for row in rows for id_ in ID.findall(row))


Differences = Mapping[str, Mapping[str, int]]


def differences(before: Digests, after: Digests) -> Differences:
    """Of each table that differs, how many rows came and how many went."""
    return {
        table: {"came": (after[table] - before[table]).total(), "went": (before[table] - after[table]).total()}
        for table in before
        if before[table] != after[table]
    }

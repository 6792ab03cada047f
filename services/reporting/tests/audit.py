"""What tests of the audit log do with it: download and verify it, and tamper with it as the database's owner can."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from usher_kit.audit_log.chain import Batch, Signed
from usher_kit.audit_log.checkpoints import opened, public_keys
from usher_kit.audit_log.verification import Checkpoint, Finding, Line, verify
from usher_kit.database import async_url

from .conftest import Ask, all_pages
from .story import DISTRICT

LINES, BATCHES, SIGNED = (TypeAdapter(list[one]) for one in (Line, Batch, Signed))  # type: ignore[valid-type]


async def download(get: Ask, what: str, tenant: UUID = DISTRICT) -> list[Any]:
    """All of a part of a tenant's log, page by page."""
    return await all_pages(get, f"/v1/audit/{what}", tenant_id=tenant, limit=2)


async def checkpoints_of(get: Ask, tenant: UUID = DISTRICT) -> tuple[list[Checkpoint], list[Finding]]:
    known = await get("/v1/audit/keys")
    stored = SIGNED.validate_python(await download(get, "checkpoints", tenant))
    return opened(stored, public_keys(known["keys"]))


async def findings(get: Ask, kept: Sequence[Checkpoint] = (), tenant: UUID = DISTRICT) -> list[Finding]:
    """What verification finds in what the service serves."""
    lines = LINES.validate_python(await download(get, "chain", tenant))
    batches = BATCHES.validate_python(await download(get, "batches", tenant))
    stored, forged = await checkpoints_of(get, tenant)
    return [*forged, *verify(tenant, lines, batches, [*stored, *kept], signed_every=1)]


async def found(get: Ask, kept: Sequence[Checkpoint] = ()) -> set[tuple[str, str]]:
    return {(one.code, one.place) for one in await findings(get, kept)}


async def tamper(owner_url: str, *statements: str, **parameters: Any) -> None:
    """Change the tables behind the service's back."""
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool)
    async with engine.begin() as conn:
        for statement in statements:
            await conn.execute(text(statement), parameters)
    await engine.dispose()

"""/v1/imports: a OneRoster or SDS set as a zip becomes a job that a worker runs."""

import asyncio
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, File, Form, Query, Response, UploadFile, status
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.jobs import Job, Kind, RoleWords
from usher_identity.domain.mapping import DEFAULT, MappingError
from usher_identity.domain.roles import MANUAL
from usher_identity.http.jobs import JobAnswer, to_answer
from usher_identity.http.organizations import Source, organization_for
from usher_identity.oneroster.reading import check_zip
from usher_identity.oneroster.refusal import SetRefused
from usher_identity.store.jobs import add_job, list_jobs
from usher_identity.store.sources import load_words, save_words
from usher_identity.store.uploads import PART_BYTES, add_parts
from usher_kit import audit
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.errors import Forbidden, Invalid
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running

PATH = "/v1/imports"
MAX_BYTES = 512 * 1024**2
"""A zip of this size holds some ten million rows."""

PARTS_AT_ONCE = 8
LOOP = "imports"

router = APIRouter(prefix=PATH, tags=["imports"])


class WordsBody(BaseModel):
    """The source's own words: the roles that they give, and as what others are counted."""

    model_config = ConfigDict(extra="forbid")

    roles: dict[str, list[str]] = {}
    counted: dict[str, str] = {}


@router.post("", status_code=status.HTTP_202_ACCEPTED, dependencies=[scoped("imports:write"), audited("import.start")])
async def post_import(
    access: Authorized,
    runtime: Running,
    response: Response,
    file: Annotated[UploadFile, File(description="A zip with one set of CSV files")],
    source: Annotated[Source, Form(description="The name of the system that it comes from")] = "oneroster",
    tenant_id: Annotated[UUID | None, Form(description="The tenant it is for; without it, one tenant a root")] = None,
    dry_run: Annotated[bool, Form(description="Count and report, and change nothing")] = False,
    mapping: Annotated[
        str | None,
        Form(description='The source\'s own words as JSON, kept: {"roles": {"coach": ["observer"]}, "counted": {}}'),
    ] = None,
) -> JobAnswer:
    """Import a OneRoster 1.0 to 1.2 or Microsoft SDS v2 or v2.1 set. Answers at once with the job that does it."""
    if source == MANUAL:
        raise Invalid("The source `manual` is what administrators do by hand; name another.", pointer="/source")
    if mapping is not None and access.caller.is_machine:
        raise Forbidden("Which words give which roles is not a machine client's to say: an administrator sets it once.")
    given = read_words(mapping)
    owner = await owner_of(access, tenant_id)
    async with access.transaction(owner) as conn:
        await check_file(file)
        job = Job(
            tenant_id=owner,
            id=new_id(),
            source=source,
            target_id=tenant_id,
            is_dry_run=dry_run,
            words=await words_for(conn, owner, source, given),
            actor=access.caller.actor,
            file_name=(file.filename or "set.zip")[:200],
            file_bytes=file.size or 0,
            created_at=runtime.clock.now(),
        )
        await add_job(conn, job)
        await keep_upload(conn, job, file)
        await record_start(conn, access, job)
    runtime.wake(LOOP)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return to_answer(job)


@router.get("", dependencies=[scoped("imports:read")])
async def list_imports(
    access: Authorized,
    tenant_id: Annotated[UUID | None, Query(description="Without it, those that made tenants of roots")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[JobAnswer]:
    """A tenant's imports, the latest first."""
    before = decode_id(cursor)
    owner = await owner_of(access, tenant_id)
    async with access.transaction(owner) as conn:
        found = await list_jobs(conn, Kind.IMPORT, [owner], before, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row.id])
    return Page(items=[to_answer(job) for job in shown], next_cursor=following)


async def owner_of(access: Access, tenant_id: UUID | None) -> UUID:
    """Whose an import is: the tenant's, or the operators' where it makes tenants.

    Raises Forbidden or NotFound where that is not the caller's to do, Invalid for a unit.
    """
    if tenant_id is None:
        access.require_system()
        return OPERATORS_TENANT
    async with access.transaction() as conn:
        if not (await organization_for(access, conn, tenant_id, "org_admin")).is_root:
            raise Invalid("This is a unit; an import is for a whole tenant: give the root's id.", pointer="/tenant_id")
    return tenant_id


def read_words(mapping: str | None) -> RoleWords | None:
    """The words given with the request. Raises Invalid for what no mapping may say."""
    if mapping is None:
        return None
    try:
        body = WordsBody.model_validate(orjson.loads(mapping))
        DEFAULT.overridden(body.roles, body.counted)
    except (orjson.JSONDecodeError, ValidationError, MappingError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, MappingError) else "it is no mapping of words"
        raise Invalid(f"The mapping cannot be taken: {reason}.", pointer="/mapping") from None
    return RoleWords({word: tuple(roles) for word, roles in body.roles.items()}, body.counted)


async def words_for(conn: AsyncConnection, owner: UUID, source: str, given: RoleWords | None) -> RoleWords:
    """The source's words: those given now, which are kept, else those that were kept."""
    if given is None:
        return await load_words(conn, owner, source)
    await save_words(conn, owner, source, given)
    return given


async def record_start(conn: AsyncConnection, access: Access, job: Job) -> None:
    """Write down who imports."""
    after: dict[str, JsonValue] = {"source": job.source, "dry_run": job.is_dry_run}
    act = audit.Act("import.start", str(job.id), job.tenant_id, job.target_id, after=after)
    cause = access.cause().model_copy(update={"changeset": str(job.id)})
    await audit.record(conn, "identity", [act], at=job.created_at, cause=cause, address=access.address)


async def check_file(file: UploadFile) -> None:
    """Raises Invalid for a file that can be told to be no set without unpacking it."""
    try:
        await asyncio.to_thread(check_zip, file.file)
    except SetRefused as refused:
        raise Invalid(refused.reason, pointer="/file") from None


async def keep_upload(conn: AsyncConnection, job: Job, file: UploadFile) -> None:
    """Write the file in parts, few of them in memory at a time."""
    await file.seek(0)
    number = 0
    while content := await file.read(PART_BYTES * PARTS_AT_ONCE):
        parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
        await add_parts(conn, job.tenant_id, job.id, number, parts)
        number += len(parts)

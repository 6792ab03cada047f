"""/v1/report-schedules: exports that are asked for again and again, and mailed to those who may read them."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import FieldError, Forbidden, Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.exports import Format
from usher_reporting.domain.schedules import Schedule
from usher_reporting.exporting.authority import owner_of
from usher_reporting.exporting.cron import check_cron, zone_of
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.reports.catalogue import report_named
from usher_reporting.reports.reach import ROLES, Reach, reach_of
from usher_reporting.reports.report import Question
from usher_reporting.store.schedules import (
    add_schedule,
    find_readers,
    find_schedule,
    list_schedules,
    remove_schedule,
    save_schedule,
)

MOST_RECIPIENTS = 50

Cron = Annotated[str, Field(max_length=100, description="Five fields, by the organization's clock: `0 6 * * 1`")]
People = Annotated[list[UUID], Field(max_length=MOST_RECIPIENTS, description="Who gets a mail with a link to the file")]

router = APIRouter(prefix="/v1/report-schedules", tags=["exports"])


class ScheduleRequest(BaseModel):
    """Which report, of which organization with its units, narrowed how, when, and for whom."""

    model_config = ConfigDict(extra="forbid")

    report: str
    format: Format
    org_id: UUID
    cron: Cron
    recipients: People
    filters: dict[str, JsonValue] = {}


class SchedulePatch(BaseModel):
    """What is to be otherwise; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    format: Format | None = None
    cron: Cron | None = None
    recipients: People | None = None
    filters: dict[str, JsonValue] | None = None


class ScheduleAnswer(BaseModel):
    """`time_zone` is the organization's, by whose clock `cron` goes. `last_export_id` is the latest run's export."""

    id: UUID
    report: str
    format: Format
    org_id: UUID
    filters: dict[str, JsonValue]
    cron: str
    time_zone: str
    recipients: list[UUID]
    actor: str
    created_at: datetime
    next_at: datetime
    last_at: datetime | None
    last_export_id: UUID | None
    version: int


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("report_schedule.add")])
async def post_schedule(
    access: Authorized, runtime: Running, response: Response, body: ScheduleRequest
) -> ScheduleAnswer:
    """Have a report exported again and again, by what the caller may see then."""
    at = runtime.clock.now()
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, body.org_id)
        added = Schedule(
            tenant_id=reach.tenants[0],
            id=new_id(),
            owner=owner_of(access.caller),
            report=report_named(body.report).name,
            format=body.format,
            org_id=body.org_id,
            filters=body.filters,
            cron=body.cron,
            recipients=body.recipients,
            created_at=at,
            next_at=at,
        )
        await add_schedule(conn, added)
        schedule = await checked(conn, await schedule_for(access, conn, added.id), reach, at)
        await save_schedule(conn, schedule)
        await write_down(conn, access, "report_schedule.add", schedule, at)
    response.headers["Location"] = f"/v1/report-schedules/{schedule.id}"
    return shown(response, schedule)


@router.get("")
async def get_schedules(
    access: Authorized,
    org_id: OrganizationParameter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[ScheduleAnswer]:
    """The schedules of an organization and its units, the latest first."""
    before = decode_id(cursor)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, org_id)
        found = await list_schedules(conn, reach.tenants, reach.units, before, limit + 1)
    page, following = first_page(found, limit, lambda one: [one.id])
    return Page(items=[to_answer(one) for one in page], next_cursor=following)


@router.get("/{schedule_id}")
async def get_schedule(access: Authorized, response: Response, schedule_id: UUID) -> ScheduleAnswer:
    """One schedule."""
    async with access.transaction() as conn:
        return shown(response, await schedule_for(access, conn, schedule_id))


@router.patch("/{schedule_id}", dependencies=[audited("report_schedule.change")])
async def patch_schedule(
    access: Authorized,
    runtime: Running,
    response: Response,
    schedule_id: UUID,
    body: SchedulePatch,
    if_match: IfMatch = None,
) -> ScheduleAnswer:
    """Change when a schedule runs, for whom, and what of the report. Its owner may, and an administrator there."""
    at = runtime.clock.now()
    changes = {name: value for name, value in body if value is not None}
    async with access.transaction() as conn:
        before = await schedule_to_change(access, conn, schedule_id, if_match)
        reach = await reach_of(access, conn, before.org_id)
        after = await checked(conn, replace(before, **changes, version=before.version + 1), reach, at)
        await save_schedule(conn, after)
        await write_down(conn, access, "report_schedule.change", after, at)
    return shown(response, after)


@router.delete(
    "/{schedule_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("report_schedule.remove")]
)
async def delete_schedule(access: Authorized, runtime: Running, schedule_id: UUID, if_match: IfMatch = None) -> None:
    """End a schedule. What it made stays for its days."""
    async with access.transaction() as conn:
        schedule = await schedule_to_change(access, conn, schedule_id, if_match)
        await remove_schedule(conn, schedule)
        await write_down(conn, access, "report_schedule.remove", schedule, runtime.clock.now())


async def checked(conn: AsyncConnection, schedule: Schedule, reach: Reach, at: datetime) -> Schedule:
    """The schedule with its next run. Raises Invalid for what it could never do, and says where."""
    report = report_named(schedule.report)
    filters = report.read(schedule.filters)
    report.check(Question(reach, filters, at))
    readers = await find_readers(conn, schedule.tenant_id, schedule.org_id, schedule.recipients, ROLES)
    errors = tuple(
        FieldError(f"/recipients/{place}", f"{person} is nobody who may read this report.")
        for place, person in enumerate(schedule.recipients)
        if person not in readers
    )
    if errors:
        raise Invalid("; ".join(one.detail for one in errors[:3]), errors=errors)
    return replace(
        schedule,
        filters=filters.model_dump(mode="json", by_alias=True, exclude_unset=True),
        next_at=check_cron(schedule.cron, zone_of(schedule.time_zone), at),
    )


async def schedule_for(
    access: Access, conn: AsyncConnection, schedule_id: UUID, *, for_update: bool = False
) -> Schedule:
    """A schedule of an organization whose reports the caller reads. Raises NotFound or Forbidden."""
    found = await find_schedule(conn, schedule_id, for_update=for_update)
    if not await access.sees(conn, found.org_id if found else None, *ROLES) or found is None:
        raise NotFound("No such schedule, or it is not yours to see.")
    return found


async def schedule_to_change(
    access: Access, conn: AsyncConnection, schedule_id: UUID, if_match: str | None
) -> Schedule:
    """A schedule that the caller may change, locked. Raises Forbidden, NotFound or Stale."""
    found = await schedule_for(access, conn, schedule_id, for_update=True)
    if access.caller.actor != found.owner.actor and not await access.sees(conn, found.org_id, *ROLES[:1]):
        raise Forbidden("This schedule is somebody else's to change.")
    check_match(if_match, etag(found.version))
    return found


async def write_down(conn: AsyncConnection, access: Access, name: str, schedule: Schedule, at: datetime) -> None:
    """Write the act into the audit log."""
    after: dict[str, JsonValue] = {
        "report": schedule.report,
        "format": schedule.format,
        "cron": schedule.cron,
        "recipients": [str(one) for one in schedule.recipients],
    }
    act = Act(name, str(schedule.id), schedule.tenant_id, schedule.org_id, after=after)
    await record(conn, "reporting", [act], at=at, cause=access.cause(), address=access.address)


def shown(response: Response, schedule: Schedule) -> ScheduleAnswer:
    response.headers["ETag"] = etag(schedule.version)
    return to_answer(schedule)


def to_answer(schedule: Schedule) -> ScheduleAnswer:
    values: dict[str, Any] = {name: getattr(schedule, name) for name in ScheduleAnswer.model_fields if name != "actor"}
    return ScheduleAnswer(**values, actor=schedule.owner.actor)

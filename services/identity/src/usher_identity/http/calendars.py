"""/v1/organizations/{id}/calendar: the breaks on whose days nobody is expected, entered or told by a source."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.calendars import Break, CalendarInForce, in_force
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.organizations import organization_for
from usher_identity.store.calendars import load_way_up
from usher_identity.store.organizations import lock_trees
from usher_identity.use_cases.calendars import enter_calendar
from usher_kit import audit
from usher_kit.access import Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch, check_match, content_tag
from usher_kit.machines import scoped
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/organizations/{organization_id}/calendar", tags=["organizations"])

FIRST_YEAR, LAST_YEAR = 2000, 2100
MAX_BREAKS = 500
MAX_DAYS = 366


class BreakBody(BaseModel):
    """Days from the first to the last, both included, in the organization's time zone."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    first: date
    last: date

    @model_validator(mode="after")
    def check_days(self) -> Self:
        if self.first.year < FIRST_YEAR or self.last.year > LAST_YEAR:
            raise ValueError(f"a break lies between {FIRST_YEAR} and {LAST_YEAR}")
        if not 0 <= (self.last - self.first).days < MAX_DAYS:
            raise ValueError(f"a break ends on its first day or later, and has at most {MAX_DAYS} days")
        return self


class CalendarBody(BaseModel):
    """All breaks; none at all is a calendar too. Null leaves them to the sources, or to the organizations above."""

    model_config = ConfigDict(extra="forbid")

    breaks: Annotated[list[BreakBody], Field(max_length=MAX_BREAKS)] | None


class CalendarAnswer(BaseModel):
    """The breaks that hold at an organization. `set_at` is the organization whose they are, itself or one above; null
    where nobody set any. `set_by` says whether they were entered there or follow from a source's academic sessions.
    """

    org_id: UUID
    breaks: list[BreakBody]
    set_at: UUID | None
    set_by: Literal["administrator", "source"] | None


@router.get("", dependencies=[scoped("organizations:read")])
async def get_calendar(access: Authorized, response: Response, organization_id: UUID) -> CalendarAnswer:
    """The breaks that hold at an organization: its own, or those of the nearest one above that has any."""
    async with access.transaction() as conn:
        await organization_for(access, conn, organization_id, "org_admin", "reporter")
        answer = await answer_for(conn, organization_id)
    response.headers["ETag"] = content_tag(answer)
    return answer


@router.put("", dependencies=[scoped("organizations:write"), audited("calendar.set")])
async def put_calendar(
    access: Authorized,
    runtime: Running,
    response: Response,
    organization_id: UUID,
    body: CalendarBody,
    if_match: IfMatch = None,
) -> CalendarAnswer:
    """Enter an organization's breaks. They hold for its units too, and whatever sources say."""
    async with access.transaction() as conn:
        organization = await organization_for(access, conn, organization_id, "org_admin")
        await lock_trees(conn, [organization.tenant_id])
        before = await answer_for(conn, organization_id)
        check_match(if_match, content_tag(before))
        breaks = None if body.breaks is None else [Break(one.first, one.last, one.name) for one in body.breaks]
        act = act_of(access, runtime)
        change = await enter_calendar(conn, organization, breaks, act)
        after = await answer_for(conn, organization_id)
        state = (to_state(before), to_state(after))
        done = [audit.Act("calendar.set", str(organization.id), organization.tenant_id, organization.id, *state)]
        await write_down(conn, access, act, done if change.is_one else [])
    response.headers["ETag"] = content_tag(after)
    return after


async def answer_for(conn: AsyncConnection, organization_id: UUID) -> CalendarAnswer:
    """What holds at an organization."""
    return to_answer(organization_id, in_force(await load_way_up(conn, organization_id)))


def to_answer(organization_id: UUID, calendar: CalendarInForce) -> CalendarAnswer:
    set_by: Literal["administrator", "source"] = "administrator" if calendar.is_entered else "source"
    return CalendarAnswer(
        org_id=organization_id,
        breaks=[BreakBody.model_construct(name=one.name, first=one.first, last=one.last) for one in calendar.breaks],
        set_at=calendar.set_at,
        set_by=set_by if calendar.set_at else None,
    )


def to_state(answer: CalendarAnswer) -> dict[str, JsonValue]:
    """What is written down of a calendar: its days, and whose they are."""
    breaks: list[JsonValue] = [f"{one.first}/{one.last}" for one in answer.breaks]
    return {"breaks": breaks, "set_at": str(answer.set_at) if answer.set_at else None, "set_by": answer.set_by}

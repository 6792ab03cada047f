"""/v1/users/{id}:erase and /erasure: a person's data removed for good, and how far that is (messages: Reliability)."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from usher_identity.domain.people import Status
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.people import PersonState, UserAnswer, answered, person_for, to_state
from usher_identity.http.users import expected
from usher_identity.store.erasure import find_erasure
from usher_identity.use_cases.erasing import check_erasable, erase_person
from usher_identity.use_cases.written import about_people
from usher_kit.access import Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch
from usher_kit.runtime import Running

LOOP = "erasures"
PROMISED = timedelta(hours=24)
"""Within so long an erasure is done everywhere; it takes seconds, unless a server is away."""

router = APIRouter(prefix="/v1/users", tags=["users"])


class ErasurePreview(BaseModel):
    """What an erasure would do. `people` is the person as they would be, in the form that `/v1/simulate` takes."""

    dry_run: Literal[True] = True
    people: list[PersonState]


class ErasureAnswer(BaseModel):
    """The erasure of a person: `done_at` is when nothing here named them any more, `due_at` when that is promised.

    All but `user_id` is null of who is not erased.
    """

    user_id: UUID
    asked_at: datetime | None = None
    asked_by: str | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None


@router.post("/{user_id}:erase", response_model=UserAnswer | ErasurePreview, dependencies=[audited("user.erase")])
async def post_erasure(
    access: Authorized,
    runtime: Running,
    response: Response,
    user_id: UUID,
    if_match: IfMatch = None,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing")] = False,
) -> UserAnswer | ErasurePreview:
    """Erase a person who is archived: names, addresses and accounts go for good, in every service.

    What stays is a tombstone: the id, with the history of seats that counts and claims rest on. Asked again, it answers
    the same and does nothing.
    """
    by_system = access.caller.is_system
    async with access.transaction() as conn:
        person = await person_for(access, conn, user_id, "org_admin")
        if dry_run:
            check_erasable(person, by_system=by_system)
            gone = person if person.status == Status.DELETED else person.becoming(Status.DELETED, runtime.clock.now())
            return ErasurePreview(people=[to_state(gone)])
        act, expect = act_of(access, runtime), expected(if_match)
        tenant_id = person.tenant_id
        change = await erase_person(conn, tenant_id, user_id, by_system=by_system, act=act, expect=expect)
        await write_down(conn, access, act, about_people("user.erase", [change]))
    runtime.wake(LOOP)
    return answered(change.after, response)


@router.get("/{user_id}/erasure")
async def get_erasure(access: Authorized, user_id: UUID) -> ErasureAnswer:
    """How far the erasure of a person is."""
    async with access.transaction() as conn:
        await person_for(access, conn, user_id, "org_admin", "reporter")
        found = await find_erasure(conn, user_id)
    if found is None:
        return ErasureAnswer(user_id=user_id)
    return ErasureAnswer(
        user_id=found.person_id,
        asked_at=found.asked_at,
        asked_by=found.asked_by,
        due_at=found.asked_at + PROMISED,
        done_at=found.done_at,
    )

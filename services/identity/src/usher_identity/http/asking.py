"""/v1/users/{id}:transfer: a person moved at once by who administers both organizations; else it is asked."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.organizations import Organization
from usher_identity.domain.people import GONE, Person
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.transfers import Sides, check_asked_for
from usher_identity.http.people import PersonState, RoleName, UserAnswer, answered, to_state
from usher_identity.http.transfers import TransferAnswer, answer_for, doing_of, units_of
from usher_identity.http.users import UserName, expected
from usher_identity.store.organizations import load_organizations
from usher_identity.store.people import load_people
from usher_identity.use_cases.recording import Expect
from usher_identity.use_cases.recording_transfers import Doing
from usher_identity.use_cases.transfers import Wish, ask, draft, move_person, transfer_between
from usher_kit.access import Access, Authorized
from usher_kit.audit import audited
from usher_kit.conditional import IfMatch
from usher_kit.errors import Conflict, NotFound
from usher_kit.runtime import Running

router = APIRouter(tags=["transfers"])

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]

UNKNOWN_USER = "No such person, or they are not yours to see."
UNKNOWN_ORG = "No such organization: give the id that its administrators gave you."


class TransferRequest(BaseModel):
    """Where to. `roles` and `user_name` are for another tenant, in which the person begins anew; else they are kept."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    note: Note | None = Field(None, description="Shown to whoever decides, and kept in the audit log: no personal data")
    roles: frozenset[RoleName] | None = None
    user_name: UserName | None = None


class TransferPreview(BaseModel):
    """What a transfer would do.

    `people` are those of the person's own tenant as they would be, in the form that entitlements' `/v1/simulate` takes;
    `people_there` who would be invited in another tenant, for who administers it.
    """

    dry_run: bool = True
    outcome: Literal["done", "asked"]
    people: list[PersonState]
    people_there: list[PersonState]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, once it is known whom and what it names, and on which sides the caller stands."""

    person: Person
    wish: Wish
    sides: Sides

    @property
    def is_between(self) -> bool:
        return self.person.tenant_id != self.wish.to.tenant_id

    def expecting(self, expect: Expect[Person]) -> Expect[Person]:
        """The check of the person's locked state; they have to be where they were when the sides were found."""

        def check(person: Person) -> None:
            expect(person)
            if person.org_id != self.person.org_id:
                raise Conflict("Somebody else moved them just now: look where they are, and ask again.")

        return check


@router.post(
    "/v1/users/{user_id}:transfer",
    response_model=UserAnswer | TransferPreview,
    responses={202: {"model": TransferAnswer, "description": "Asked: the other side's administrators decide"}},
    dependencies=[audited("user.transfer")],
)
async def post_transfer(
    access: Authorized,
    runtime: Running,
    response: Response,
    user_id: UUID,
    body: TransferRequest,
    if_match: IfMatch = None,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing")] = False,
) -> UserAnswer | TransferPreview | Response:
    """Move a person to another organization, or ask its administrators for it.

    Who administers both organizations moves the person at once: 200. Else the other side is asked: 202, with the
    transfer. Into another tenant the person is invited anew, with the roles that are asked for, and archived in this
    one; its administrators see what the ask carries of the person, and nothing else.
    """
    doing, asked = doing_of(access, runtime), await read(access, user_id, body)
    wish, sides, expect = asked.wish, asked.sides, asked.expecting(expected(if_match))
    if dry_run:
        return previewed(asked, doing)
    async with access.transaction_across({asked.person.tenant_id, wish.to.tenant_id}) as conn:
        if not sides.both:
            one = await ask(conn, user_id, wish, sides.asking, doing, expect)
            answer = await answer_for(conn, one.id, sides)
            headers = {"Location": f"/v1/transfers/{one.id}", "ETag": answer.tag}
            content = answer.model_dump_json()
            return Response(content, status.HTTP_202_ACCEPTED, headers, "application/json")
        if asked.is_between:
            return answered(await transfer_between(conn, user_id, wish, doing, expect), response)
        return answered((await move_person(conn, asked.person, wish.to.id, doing, expect)).after, response)


async def read(access: Access, user_id: UUID, body: TransferRequest) -> Request:
    """Whom and what a request names. Raises Forbidden, NotFound, Refusal."""
    async with access.transaction() as conn:
        units = await units_of(access, conn)
        person = (await load_people(conn, [user_id])).get(user_id)
    sides = Sides(
        source=person is not None and (units is None or person.org_id in units),
        target=units is None or body.org_id in units,
    )
    if person is None or not sides.any or (not sides.source and person.status in GONE):
        raise NotFound(UNKNOWN_USER)
    to = await find_target(access, body.org_id, person.tenant_id)
    if to.tenant_id == person.tenant_id and (body.roles is not None or body.user_name is not None):
        raise Refusal(
            "Within a tenant a person keeps their roles and user name.", "/roles" if body.roles else "/user_name"
        )
    return Request(person, Wish(to, body.note, body.roles, body.user_name), sides)


async def find_target(access: Access, org_id: UUID, own_tenant: UUID) -> Organization:
    """The organization of an id, of whatever tenant: who was given an id may send somebody there, and learns no more.

    Raises NotFound, and Refusal for a transfer into or out of the operators' tenant.
    """
    async with access.database.transaction_of_all() as conn:
        found = (await load_organizations(conn, [org_id])).get(org_id)
    is_operators = (
        found is not None and found.tenant_id != own_tenant and OPERATORS_TENANT in (found.tenant_id, own_tenant)
    )
    if found is None or found.status != "active" or (is_operators and not access.caller.is_system):
        raise NotFound(UNKNOWN_ORG)
    if is_operators:
        raise Refusal("Nobody is transferred into or out of the operators' tenant: create them there.", "/org_id")
    return found


def previewed(asked: Request, doing: Doing) -> TransferPreview:
    """What would be done, as far as it is the caller's to see."""
    check_asked_for(asked.person, asked.wish.to.id)
    here, there = draft(asked.person, asked.wish, doing)
    return TransferPreview(
        outcome="done" if asked.sides.both else "asked",
        people=[to_state(here)] if asked.sides.source else [],
        people_there=[to_state(there)] if there and asked.sides.target else [],
    )

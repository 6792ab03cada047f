"""One person: their profile, their seats with "why?", and the change of their roles."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from usher_console.clients.calls import AwayError, RefusedError
from usher_console.clients.identity import Person
from usher_console.http.pages import (
    Administrator,
    Console,
    OwnForm,
    Running,
    SignedIn,
    missing_text,
    page,
    session_of,
)
from usher_console.rendering import render
from usher_console.views.person import profile, role_choices, roles_after
from usher_console.views.seat_card import seat_card
from usher_console.visitors import Visitor
from usher_contracts.envelope import OPERATORS_TENANT

SEE_OTHER = 303
PRECONDITION_FAILED = 412
CHANGED_MEANWHILE = "Somebody else has just changed this person. These are the roles now."
NOTICE = "notice"
"""Where a session keeps what the next page says of an act: pages that come from forms can then be loaded again."""

SEATS_AWAY = missing_text("entitlements", "Seats")

UserVersion = Annotated[int | None, Query(ge=0)]
"""The version of the person that the page was told of by the change just made."""

router = APIRouter(include_in_schema=False)


@router.get("/users/{user_id}")
async def person(
    request: Request, running: Running, found: SignedIn, user_id: UUID, version: UserVersion = None
) -> HTMLResponse:
    answer, shown = await asyncio.gather(
        running.identity.person(found.token, user_id), seats(running, found, user_id, version)
    )
    organization = await organization_name(running, found, answer)
    people = ("People", "/users") if found.sees_reports else ("Your profile", None)
    return page(
        request,
        "people/person.html",
        found,
        here="people" if found.sees_reports else "",
        crumbs=[("Manage Users", None), people, (answer.name, None)] if found.sees_reports else [people],
        person=profile(answer, organization),
        roles=role_choices(answer, may_grant_system=may_grant_system(answer, found)),
        may_change=found.is_administrator,
        notice=session_of(request).pop(NOTICE, None),
        fragment=f"/users/{user_id}/seats" + (f"?version={version}" if version is not None else ""),
        **shown,
    )


@router.get("/users/{user_id}/seats")
async def seats_alone(running: Running, found: SignedIn, user_id: UUID, version: UserVersion = None) -> HTMLResponse:
    return HTMLResponse(render("people/seats.html", **await seats(running, found, user_id, version)))


@router.post("/users/{user_id}/roles", dependencies=[OwnForm])
async def change_roles(
    request: Request,
    running: Running,
    found: Administrator,
    user_id: UUID,
    version: Annotated[int, Form()],
    roles: Annotated[Sequence[str], Form()] = (),
) -> Response:
    """Set the person's roles, unless somebody else has changed the person since the form was made."""
    before = await running.identity.person(found.token, user_id)
    wanted = roles_after(before, roles, may_grant_system=may_grant_system(before, found))
    try:
        after = await running.identity.set_roles(found.token, before.model_copy(update={"version": version}), wanted)
    except RefusedError as error:
        why = CHANGED_MEANWHILE if error.status == PRECONDITION_FAILED else error.detail
        session_of(request)[NOTICE] = {"text": f"Roles not saved. {why}", "tone": "stop"}
        return RedirectResponse(f"/users/{user_id}", SEE_OTHER)
    session_of(request)[NOTICE] = {"text": "Roles saved. Seats follow.", "tone": "good"}
    return RedirectResponse(f"/users/{user_id}?version={after.version}", SEE_OTHER)


async def organization_name(running: Console, found: Visitor, answer: Person) -> str:
    """Where the person belongs; nothing where identity will not say."""
    if answer.org_id is None:
        return ""
    try:
        return (await running.identity.organization(found.token, answer.org_id)).name
    except (AwayError, RefusedError):
        return ""


async def seats(running: Console, found: Visitor, user_id: UUID, version: int | None) -> dict[str, Any]:
    """What the seats' template shows: a card for each product, or that entitlements is away."""
    try:
        products, held = await asyncio.gather(
            running.entitlements.products(found.token), running.entitlements.seats(found.token, user_id)
        )
        explanations = await asyncio.gather(
            *(running.entitlements.explain(found.token, user_id, product, version) for product in products)
        )
    except AwayError:
        return {"seats": [], "person_id": user_id, "pending": False, "seats_missing": SEATS_AWAY}
    cards = [seat_card(one, held.get(one.product), products[one.product]) for one in explanations]
    pending = any(card.pending for card in cards)
    return {"seats": cards, "person_id": user_id, "pending": pending, "seats_missing": ""}


def may_grant_system(person: Person, visitor: Visitor) -> bool:
    """Whether the form offers the role: only a system administrator gives it, and only to one of the operators."""
    return visitor.is_system and person.tenant_id == OPERATORS_TENANT

"""/v1/sessions: where a person is signed in, and ending it; /v1/users/{id}/password."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from usher_identity.domain.sign_in import Session
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.people import person_for
from usher_identity.http.proving import prove_again
from usher_identity.oidc.passwords import hash_password
from usher_identity.store.people import load_people
from usher_identity.store.sign_in import end_session, find_session, list_sessions
from usher_identity.use_cases.sign_in import change_password
from usher_kit import audit
from usher_kit.access import Authorized
from usher_kit.audit import audited
from usher_kit.errors import Forbidden, NotFound
from usher_kit.paging import Page
from usher_kit.runtime import Running

router = APIRouter(tags=["sessions"])

Password = Annotated[SecretStr, StringConstraints(min_length=10, max_length=200)]


class SessionAnswer(BaseModel):
    """One sign-in in one browser."""

    id: UUID
    user_id: UUID
    user_agent: str
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    provider_id: UUID | None = None
    """The identity provider that they signed in by; null where it was a password."""


class PasswordBody(BaseModel):
    """`current_password` proves that who changes their own password is not just somebody at their desk."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    current_password: SecretStr | None = None


@router.get("/v1/sessions")
async def get_sessions(access: Authorized, runtime: Running, user_id: UUID | None = None) -> Page[SessionAnswer]:
    """The open sessions of a person, one's own unless `user_id` names somebody whom the caller administers."""
    whose = user_id or access.caller.user_id
    if whose is None:
        raise Forbidden("A client has no sessions of its own: name a person by user_id.")
    async with access.transaction() as conn:
        person = await person_for(access, conn, whose, "org_admin", own=True)
        found = await list_sessions(conn, person.tenant_id, person.id, runtime.clock.now())
    return Page(items=[to_answer(session) for session in found])


@router.delete(
    "/v1/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("session.end")]
)
async def delete_session(access: Authorized, runtime: Running, session_id: UUID) -> Response:
    """End a session. It cannot be renewed any more; the access token that it gave last lives out its few minutes."""
    async with access.transaction() as conn:
        session = await find_session(conn, session_id)
        person = (await load_people(conn, [session.person_id])).get(session.person_id) if session else None
        is_own = person is not None and person.id == access.caller.user_id
        is_seen = is_own or await access.sees(conn, person.org_id if person else None, "org_admin")
        if session is None or person is None or not is_seen:
            raise NotFound("No such session, or it is not yours to end.")
        act = act_of(access, runtime)
        await end_session(conn, session.tenant_id, session.id, act.at)
        done = audit.Act("session.end", str(session.id), person.tenant_id, person.org_id)
        await write_down(conn, access, act, [done])
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/v1/users/{user_id}/password",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[audited("user.set_password")],
    responses={status.HTTP_429_TOO_MANY_REQUESTS: {}},
)
async def post_password(
    access: Authorized, runtime: Running, request: Request, user_id: UUID, body: PasswordBody
) -> Response:
    """Set a password: one's own, or as a system administrator anybody's. It ends the sessions that there are."""
    if user_id != access.caller.user_id:
        access.require_system()
    async with access.transaction() as conn:
        person = await person_for(access, conn, user_id, own=True)
    if user_id == access.caller.user_id:
        current = body.current_password.get_secret_value() if body.current_password else ""
        await prove_again(runtime, request, person.tenant_id, person.id, current)
    hashed = await hash_password(body.password.get_secret_value())
    async with access.transaction(person.tenant_id) as conn:
        act = act_of(access, runtime)
        await change_password(conn, person.tenant_id, person.id, hashed, act)
        done = audit.Act("user.set_password", str(person.id), person.tenant_id, person.org_id)
        await write_down(conn, access, act, [done])
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def to_answer(session: Session) -> SessionAnswer:
    return SessionAnswer(
        id=session.id,
        user_id=session.person_id,
        user_agent=session.user_agent,
        address=session.address,
        created_at=session.created_at,
        used_at=session.used_at,
        expires_at=session.expires_at,
        provider_id=session.provider_id,
    )

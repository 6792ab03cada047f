"""One request's papers: what is loaded before the grants look at it, and what they decided, saved after."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.people import Person
from usher_identity.domain.sign_in import Client, Code, RefreshToken, Session
from usher_identity.oidc.opaque import Opaque
from usher_identity.store.people import load_people
from usher_identity.store.sign_in import (
    add_code,
    add_refresh_token,
    end_session,
    load_code_for_update,
    load_refresh_token_for_update,
    load_session,
    use_code,
    use_refresh_token,
    use_session,
)


@dataclass
class Desk:
    """Papers of one request. All below `refresh` is decided by the grants."""

    at: datetime
    client: Client | None = None
    person: Person | None = None
    session: Session | None = None
    code: Code | None = None
    refresh: RefreshToken | None = None

    new_code: Code | None = None
    new_refresh: RefreshToken | None = None
    used_code: Code | None = None
    used_refresh: RefreshToken | None = None
    signed_out: bool = False
    stolen: bool = False
    """A code or a refresh token was used that had been used before: its session ends."""

    @property
    def signed_in(self) -> Person | None:
        """The person, while they are active and their session is open."""
        person, session = self.person, self.session
        if person is None or session is None or person.status != "active":
            return None
        return person if session.is_open(self.at) and session.person_id == person.id else None


async def load_for_code(conn: AsyncConnection, desk: Desk, secret: Opaque) -> None:
    """What a token request with an authorization code is judged by; the code is locked."""
    desk.code = await load_code_for_update(conn, secret.tenant_id, secret.hash)
    if desk.code:
        await load_session_and_person(conn, desk, secret.tenant_id, desk.code.session_id)


async def load_for_refresh(conn: AsyncConnection, desk: Desk, secret: Opaque) -> None:
    """What a token request with a refresh token is judged by; the token is locked."""
    desk.refresh = await load_refresh_token_for_update(conn, secret.tenant_id, secret.hash)
    if desk.refresh:
        await load_session_and_person(conn, desk, secret.tenant_id, desk.refresh.session_id)


async def load_for_cookie(conn: AsyncConnection, desk: Desk, cookie: Opaque) -> None:
    """Whom a browser's cookie speaks for; nobody where its secret is not the session's."""
    if cookie.id is None:
        return
    session = await load_session(conn, cookie.tenant_id, cookie.id)
    if session and cookie.matches(session.secret_hash):
        await load_session_and_person(conn, desk, cookie.tenant_id, session.id)


async def load_session_and_person(conn: AsyncConnection, desk: Desk, tenant_id: UUID, session_id: UUID) -> None:
    desk.session = await load_session(conn, tenant_id, session_id)
    if desk.session:
        desk.person = (await load_people(conn, [desk.session.person_id])).get(desk.session.person_id)


async def save_desk(conn: AsyncConnection, desk: Desk) -> None:
    """Write down what the grants decided."""
    if (desk.stolen or desk.signed_out) and desk.session:
        await end_session(conn, desk.session.tenant_id, desk.session.id, desk.at)
    if desk.new_code:
        await add_code(conn, desk.new_code)
    if desk.used_code:
        await use_code(conn, desk.used_code, desk.at)
    if desk.used_refresh:
        await use_refresh_token(conn, desk.used_refresh, desk.at)
    if desk.new_refresh:
        await add_refresh_token(conn, desk.new_refresh)
        if desk.session:
            await use_session(conn, desk.session, desk.at, desk.new_refresh.expires_at)

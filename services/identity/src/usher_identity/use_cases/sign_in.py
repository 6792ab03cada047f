"""Beginning a session, and changing a password, which ends those that there are."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.sign_in import Session
from usher_identity.store.credentials import save_password_hash
from usher_identity.store.sign_in import add_session, end_sessions
from usher_identity.use_cases.logins import Login, record_logins
from usher_identity.use_cases.recording import Act


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a sign-in comes from, shown to the person in the list of their sessions."""

    user_agent: str
    address: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """Whose session begins, and the hash of its cookie's secret."""

    tenant_id: UUID
    id: UUID
    person_id: UUID
    secret_hash: str
    provider_id: UUID | None = None


async def begin_session(
    conn: AsyncConnection, new: NewSession, browser: Browser, lasts: timedelta, act: Act
) -> Session:
    """Begin a session of somebody who has proven who they are; it is a login, and told as one."""
    session = Session(
        new.tenant_id,
        new.id,
        new.person_id,
        new.secret_hash,
        browser.user_agent,
        browser.address,
        act.at,
        act.at,
        act.at + lasts,
        provider_id=new.provider_id,
    )
    await add_session(conn, session)
    await record_logins(conn, [Login(new.person_id, act.at, "sso" if new.provider_id else "password")], act)
    return session


async def change_password(
    conn: AsyncConnection, tenant_id: UUID, person_id: UUID, password_hash: str, act: Act
) -> None:
    """Keep another password. Whoever signed in by the one before signs in again."""
    await save_password_hash(conn, tenant_id, person_id, password_hash, act.at)
    await end_sessions(conn, tenant_id, person_id, act.at)

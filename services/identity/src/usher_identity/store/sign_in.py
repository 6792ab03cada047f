"""Statements on sessions, authorization codes and refresh tokens, each found within the tenant that it names."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.sign_in import Code, RefreshToken, Session

SESSION_COLUMNS = (
    "tenant_id, id, person_id, secret_hash, user_agent, address, created_at, used_at, expires_at, ended_at, provider_id"
)
SESSION = text(f"select {SESSION_COLUMNS} from session where tenant_id = :tenant and id = :id")
ANY_SESSION = text(f"select {SESSION_COLUMNS} from session where id = :id")
SESSIONS = text(
    f"select {SESSION_COLUMNS} from session where tenant_id = :tenant and person_id = :person and ended_at is null "
    "and expires_at > :at order by created_at desc, id"
)
ADD_SESSION = text(f"""
    insert into session ({SESSION_COLUMNS})
    values (:tenant_id, :id, :person_id, :secret_hash, :user_agent, :address, :created_at, :used_at, :expires_at, null,
        :provider_id)
""")
USE_SESSION = text("""
    update session set used_at = :at, expires_at = :expires_at where tenant_id = :tenant and id = :id
""")
END_SESSION = text("""
    update session set ended_at = :at where tenant_id = :tenant and id = :id and ended_at is null
""")
END_SESSIONS = text("""
    update session set ended_at = :at where tenant_id = :tenant and person_id = :person and ended_at is null
""")

ENDED_SINCE = text("select id from session where ended_at > :since")

CODE_COLUMNS = (
    "tenant_id, code_hash, session_id, person_id, client_id, redirect_uri, scope, nonce, code_challenge, "
    "signed_in_at, expires_at, used_at"
)
CODE = text(f"select {CODE_COLUMNS} from authorization_code where tenant_id = :tenant and code_hash = :hash for update")
ADD_CODE = text(f"""
    insert into authorization_code ({CODE_COLUMNS})
    values (:tenant_id, :code_hash, :session_id, :person_id, :client_id, :redirect_uri, :scope, :nonce, :code_challenge,
        :signed_in_at, :expires_at, null)
""")
USE_CODE = text("update authorization_code set used_at = :at where tenant_id = :tenant and code_hash = :hash")

TOKEN_COLUMNS = "tenant_id, token_hash, session_id, person_id, client_id, scope, issued_at, expires_at, used_at"  # noqa: S105
TOKEN = text(f"select {TOKEN_COLUMNS} from refresh_token where tenant_id = :tenant and token_hash = :hash for update")
ADD_TOKEN = text(f"""
    insert into refresh_token ({TOKEN_COLUMNS})
    values (:tenant_id, :token_hash, :session_id, :person_id, :client_id, :scope, :issued_at, :expires_at, null)
""")
USE_TOKEN = text("""
    update refresh_token set used_at = coalesce(used_at, :at) where tenant_id = :tenant and token_hash = :hash
""")

FORGET = [
    text(f"delete from {table} where expires_at < :before")
    for table in ("authorization_code", "refresh_token", "session", "sign_in_attempt")
]


async def load_session(conn: AsyncConnection, tenant_id: UUID, id_: UUID) -> Session | None:
    row = (await conn.execute(SESSION, {"tenant": tenant_id, "id": id_})).one_or_none()
    return Session(*row) if row else None


async def find_session(conn: AsyncConnection, id_: UUID) -> Session | None:
    """A session in any of the transaction's tenants."""
    row = (await conn.execute(ANY_SESSION, {"id": id_})).one_or_none()
    return Session(*row) if row else None


async def list_sessions(conn: AsyncConnection, tenant_id: UUID, person_id: UUID, at: datetime) -> list[Session]:
    """A person's open sessions, the latest first."""
    rows = await conn.execute(SESSIONS, {"tenant": tenant_id, "person": person_id, "at": at})
    return [Session(*row) for row in rows]


async def add_session(conn: AsyncConnection, session: Session) -> None:
    await conn.execute(ADD_SESSION, columns(session))


async def use_session(conn: AsyncConnection, session: Session, at: datetime, expires_at: datetime) -> None:
    """Write down that a session was used, which puts off its end."""
    await conn.execute(USE_SESSION, {"tenant": session.tenant_id, "id": session.id, "at": at, "expires_at": expires_at})


async def end_session(conn: AsyncConnection, tenant_id: UUID, id_: UUID, at: datetime) -> None:
    """End a session: nothing that stems from it can be renewed."""
    await conn.execute(END_SESSION, {"tenant": tenant_id, "id": id_, "at": at})


async def end_sessions(conn: AsyncConnection, tenant_id: UUID, person_id: UUID, at: datetime) -> None:
    """End all of a person's sessions."""
    await conn.execute(END_SESSIONS, {"tenant": tenant_id, "person": person_id, "at": at})


async def find_ended_since(conn: AsyncConnection, since: datetime) -> list[UUID]:
    """The sessions of the transaction's tenants that were ended since then."""
    return list(await conn.scalars(ENDED_SINCE, {"since": since}))


async def load_code_for_update(conn: AsyncConnection, tenant_id: UUID, code_hash: str) -> Code | None:
    """A code, locked: of two requests with it at once, the second sees that it was used."""
    row = (await conn.execute(CODE, {"tenant": tenant_id, "hash": code_hash})).one_or_none()
    return Code(*row) if row else None


async def add_code(conn: AsyncConnection, code: Code) -> None:
    await conn.execute(ADD_CODE, columns(code))


async def use_code(conn: AsyncConnection, code: Code, at: datetime) -> None:
    await conn.execute(USE_CODE, {"tenant": code.tenant_id, "hash": code.code_hash, "at": at})


async def load_refresh_token_for_update(conn: AsyncConnection, tenant_id: UUID, token_hash: str) -> RefreshToken | None:
    """A refresh token, locked."""
    row = (await conn.execute(TOKEN, {"tenant": tenant_id, "hash": token_hash})).one_or_none()
    return RefreshToken(*row) if row else None


async def add_refresh_token(conn: AsyncConnection, token: RefreshToken) -> None:
    await conn.execute(ADD_TOKEN, columns(token))


async def use_refresh_token(conn: AsyncConnection, token: RefreshToken, at: datetime) -> None:
    """Write down when a refresh token was used; the first time counts."""
    await conn.execute(USE_TOKEN, {"tenant": token.tenant_id, "hash": token.token_hash, "at": at})


async def forget_expired(conn: AsyncConnection, before: datetime) -> None:
    """Remove what expired before `before`."""
    for statement in FORGET:
        await conn.execute(statement, {"before": before})


def columns(value: Session | Code | RefreshToken) -> dict[str, object]:
    """A value's fields by their names, which are those of its columns."""
    return {name: getattr(value, name) for name in value.__slots__}

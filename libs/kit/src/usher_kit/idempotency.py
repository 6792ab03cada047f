"""Idempotency keys: a write sent again is done once, and answered as the first time (interfaces: HTTP conventions).

The key is written in the very transaction that adds the act's facts, so that neither can be without the other.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usher_kit.database import Database
from usher_kit.errors import Conflict, Invalid, UsherError

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEPT_HEADERS = {"media_type": b"content-type", "etag": b"etag"}
"""What of an answer's headers is kept, by column."""

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FIND = text("""
    select request_hash, status, media_type, etag, answer from idempotency_key
    where tenant_id = :tenant and actor = :actor and key = :key
""")
RESERVE = text("""
    insert into idempotency_key (tenant_id, actor, key, request_hash, added_at)
    values (:tenant, :actor, :key, :hash, now()) on conflict do nothing returning key
""")
FORGET = text("delete from idempotency_key where added_at < now() - interval '1 day'")
ANSWER = text("""
    update idempotency_key set status = :status, media_type = :media_type, etag = :etag, answer = :answer
    where tenant_id = :tenant and actor = :actor and key = :key
""")


class Replayed(UsherError):
    """Not an error of the caller's: the request was done before, and this was its answer."""

    slug = "replayed"

    def __init__(self, status: int, media_type: str | None, etag: str | None, answer: bytes) -> None:
        super().__init__("done before")
        tag = {"ETag": etag} if etag else {}
        self.response = Response(answer, status, {"Idempotency-Replayed": "true", **tag}, media_type)


class KeyReused(UsherError):
    slug = "idempotency_key_reused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The Idempotency-Key belongs to another request"


@dataclass(slots=True)
class IdempotencyKey:
    """One request's key, within its caller and their tenant."""

    database: Database
    tenant_id: UUID
    actor: str
    key: str
    request_hash: str
    is_reserved: bool = False

    @property
    def _named(self) -> dict[str, Any]:
        return {"tenant": self.tenant_id, "actor": self.actor, "key": self.key}

    async def check(self) -> None:
        """Raises Replayed for a request that was answered before, KeyReused where the key was another request's."""
        async with self.database.transaction([self.tenant_id]) as conn:
            row = (await conn.execute(FIND, self._named)).one_or_none()
        if row is None:
            return
        if row.request_hash != self.request_hash:
            raise KeyReused(f"Another request was sent with this {HEADER}; use a new one for each act.")
        if row.status is None:
            raise Conflict("This was done before, but its answer was not kept; read the present state.")
        raise Replayed(row.status, row.media_type, row.etag, row.answer)

    async def reserve(self, conn: AsyncConnection) -> None:
        """Write the key in the act's transaction. Raises Conflict when the same request is done beside it."""
        if self.is_reserved:
            return
        if (await conn.execute(RESERVE, {**self._named, "hash": self.request_hash})).one_or_none() is None:
            raise Conflict(f"A request with this {HEADER} was done at the same time; send it again for its answer.")
        self.is_reserved = True

    async def keep_answer(self, status: int, headers: Mapping[bytes, bytes], answer: bytes) -> None:
        """Keep the answer of what was done, for whoever sends it again."""
        kept = {name: headers[header].decode() if header in headers else None for name, header in KEPT_HEADERS.items()}
        async with self.database.transaction([self.tenant_id]) as conn:
            await conn.execute(ANSWER, {**self._named, **kept, "status": status, "answer": answer})


async def key_of(request: Request, database: Database, tenant_id: UUID, actor: str) -> IdempotencyKey | None:
    """The request's key, checked; none on reads and without the header. Raises as `check` does, and Invalid."""
    key = request.headers.get(HEADER)
    if key is None or request.method not in WRITES:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise Invalid(f"{HEADER} has 1 to {LONGEST_KEY} characters.", pointer=f"/header/{HEADER}")
    own = IdempotencyKey(database, tenant_id, actor, key, await hash_of(request))
    await own.check()
    request.state.idempotency_key = own
    return own


async def hash_of(request: Request) -> str:
    """What makes a request this one and no other. An upload counts by its length alone: it is not held in memory."""
    is_json = request.headers.get("content-type", "application/json").startswith("application/json")
    body = await request.body() if is_json else request.headers.get("content-length", "").encode()
    target = f"{request.url.path}?{request.url.query}"
    return sha256(b"\n".join([request.method.encode(), target.encode(), body])).hexdigest()


class AnswerKeeper:
    """ASGI middleware: keeps the answer of a request whose key was written with its act."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_key(scope):
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        status, headers, parts = 500, dict[bytes, bytes](), []

        async def kept(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], dict(message["headers"])
            else:
                parts.append(message.get("body", b""))
                own: IdempotencyKey | None = state.get("idempotency_key")
                if own is not None and own.is_reserved and not message.get("more_body") and status < 500:  # noqa: PLR2004
                    await own.keep_answer(status, headers, b"".join(parts))
            await send(message)

        await self._app(scope, receive, kept)


def has_key(scope: Scope) -> bool:
    name = HEADER.lower().encode()
    return any(header == name for header, _ in scope["headers"])


async def forget(database: Database) -> None:
    """Forget the keys of the day before: whoever repeats a request does so sooner."""
    async with database.relay_transaction() as conn:
        await conn.execute(FORGET)

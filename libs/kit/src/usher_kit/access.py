"""Access: who calls, what roles they hold now, and what they may see (interfaces: Roles and what they may do)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_kit.database import OWN_KEY, Database
from usher_kit.ended_sessions import EndedSessions
from usher_kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from usher_kit.idempotency import IdempotencyKey, key_of
from usher_kit.machines import ACTS_AS, scope_of_route
from usher_kit.telemetry.propagation import traceparent_of
from usher_kit.tokens import Principal, Verifier

ADMIN_SCOPE = "admin"
"""The scope of a client that acts as a system administrator: the command line, locally."""

BEARER = HTTPBearer(auto_error=False, description="A token of identity's /oauth/token")

PERSON = text("select org_id, status, roles from person where tenant_id = :tenant and id = :id")

UNITS = text("""
    with recursive unit as (
        select tenant_id, id from organization where id = :org
        union
        select o.tenant_id, o.id from organization o join unit u on o.tenant_id = u.tenant_id and o.parent_id = u.id
    )
    select tenant_id, id from unit
""")


@dataclass(frozen=True, slots=True)
class Holder:
    """What a service knows of a person who calls: where they are, whether they are active, their roles."""

    org_id: UUID
    status: str
    roles: frozenset[str]


Lookup = Callable[[AsyncConnection, UUID, UUID], Awaitable[Holder | None]]
"""Finds a person by tenant and id."""


async def find_in_directory(conn: AsyncConnection, tenant_id: UUID, user_id: UUID) -> Holder | None:
    """The person as the service's own copy has them."""
    row = (await conn.execute(PERSON, {"tenant": tenant_id, "id": user_id})).one_or_none()
    return Holder(row.org_id, row.status, frozenset(row.roles)) if row else None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with the roles of this moment."""

    user_id: UUID | None = None
    tenant_id: UUID | None = None
    org_id: UUID | None = None
    client_id: str | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    """Of the deployment's own clients alone: they open every tenant."""
    granted: frozenset[str] | None = None
    """The scopes of a tenant's own client, a machine; None for everybody else."""

    @property
    def is_system(self) -> bool:
        """A system administrator (who lives in the operators' tenant), or a client that acts as one."""
        if self.is_machine:
            return False
        return ADMIN_SCOPE in self.scopes or (self.tenant_id == OPERATORS_TENANT and "system_admin" in self.roles)

    @property
    def is_machine(self) -> bool:
        return self.granted is not None

    def within(self, opens: str | None) -> "Caller":
        """The caller within an operation that the scope `opens` opens to machines: these have a role there.

        Raises Forbidden for a machine without that scope, and for every one where nothing is opened.
        """
        if self.granted is None:
            return self
        if opens is None:
            raise Forbidden("This is not open to machine clients; a person has to do it.")
        if opens not in self.granted:
            has = " ".join(sorted(self.granted)) or "none"
            raise Forbidden(f"This needs the scope {opens}; the token has {has}.")
        return replace(self, roles=ACTS_AS)

    @property
    def actor(self) -> str:
        """The caller as facts name them."""
        return f"user:{self.user_id}" if self.user_id else f"client:{self.client_id}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be seen: rows of `tenants`, of `units` alone where these are given."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None

    def sees(self, org_id: UUID) -> bool:
        return self.units is None or org_id in self.units


@dataclass(frozen=True, slots=True)
class Guard:
    """What a service needs in order to know its callers."""

    database: Database
    verifier: Verifier
    lookup: Lookup
    ended: EndedSessions | None = None

    async def caller(self, principal: Principal) -> Caller:
        """The principal with the roles of this moment.

        Raises Unauthenticated for a person who is not active, or whose session has ended.
        """
        if (bound := principal.bound) is not None:
            return Caller(None, bound.tenant_id, bound.org_id, principal.client_id, granted=principal.scopes)
        if principal.user_id is None or principal.tenant_id is None:
            return Caller(client_id=principal.client_id, scopes=principal.scopes)
        if self.ended and principal.session_id and await self.ended.has(principal.session_id):
            raise Unauthenticated("The session has ended: sign in again.")
        async with self.database.transaction([principal.tenant_id]) as conn:
            holder = await self.lookup(conn, principal.tenant_id, principal.user_id)
        if holder is None or holder.status != "active":
            raise Unauthenticated("This person may not sign in: unknown here, or not active.")
        return Caller(principal.user_id, principal.tenant_id, holder.org_id, principal.client_id, holder.roles)


@dataclass(frozen=True, slots=True)
class Access:
    """One request's access to the service's data."""

    database: Database
    caller: Caller
    address: str | None = None
    """Where the request came from, for the audit record."""
    key: IdempotencyKey | None = None

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction over one tenant, or over all that the caller may see. Raises NotFound for another's tenant."""
        async with self._opened(tenant_id) as conn:
            conn.info[OWN_KEY] = self.key
            yield conn

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, over all that the caller may see, as all of it was at one moment."""
        async with self.database.snapshot(self._tenants(None), of_all=self.caller.is_system) as conn:
            yield conn

    @asynccontextmanager
    async def transaction_across(self, tenants: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
        """A transaction over these tenants, whoever calls: for an act on which two of them agree.

        It sees more than the caller may: what it answers has to be the caller's to see.
        """
        async with self.database.transaction(sorted({*tenants, *self._with_key})) as conn:
            conn.info[OWN_KEY] = self.key
            yield conn

    @property
    def _with_key(self) -> list[UUID]:
        return [self.key.tenant_id] if self.key else []

    def _opened(self, tenant_id: UUID | None) -> AbstractAsyncContextManager[AsyncConnection]:
        if self.caller.is_system and tenant_id is None:
            return self.database.transaction_of_all(self._with_key)
        return self.database.transaction(sorted({*self._tenants(tenant_id), *self._with_key}))

    def _tenants(self, tenant_id: UUID | None) -> list[UUID]:
        if self.caller.is_system and tenant_id is not None:
            return [tenant_id]
        own = self.caller.tenant_id
        if tenant_id is not None and tenant_id != own:
            raise NotFound("No such organization, or it is not yours to see.")
        return [own] if own else []

    async def scope(self, conn: AsyncConnection, org_id: UUID | None, *roles: str) -> Scope:
        """What the caller may see of `org_id` and below (of all that is theirs without it) by one of `roles`.

        Raises Forbidden without such a role, NotFound for an organization that is not theirs.
        """
        if self.caller.is_system and org_id is None:
            return Scope(await self.database.all_tenants(), None)
        self.require_role(*roles)
        asked = await units_below(conn, org_id) if org_id else []
        if org_id and not asked:
            raise NotFound("No such organization, or it is not yours to see.")
        if self.caller.is_system:
            return Scope(sorted({tenant for tenant, _ in asked}), [unit for _, unit in asked])
        own = await units_below(conn, self.caller.org_id) if self.caller.org_id else []
        units = [unit for _, unit in asked or own]
        if not set(units) <= {unit for _, unit in own}:
            raise NotFound("No such organization, or it is not yours to see.")
        return Scope([self.caller.tenant_id] if self.caller.tenant_id else [], units)

    async def sees(self, conn: AsyncConnection, org_id: UUID | None, *roles: str) -> bool:
        """Whether what belongs to `org_id` is the caller's to see by one of `roles`; None is what is nowhere.

        Raises Forbidden without such a role, of what is nowhere too: who may not look does not learn what is there.
        """
        if self.caller.is_system:
            return org_id is not None
        self.require_role(*roles)
        own = await units_below(conn, self.caller.org_id) if self.caller.org_id else []
        return org_id in {unit for _, unit in own}

    def require_role(self, *roles: str) -> None:
        """Raises Forbidden for who has none of `roles`, and is no system administrator."""
        if not self.caller.is_system and not self.caller.roles.intersection(roles):
            raise Forbidden(f"This needs one of the roles {', '.join(roles) or 'system_admin'}.")

    def require_system(self) -> None:
        """Raises Forbidden unless the caller is a system administrator."""
        if not self.caller.is_system:
            raise Forbidden("Only a system administrator may do this.")

    def asked(self, org_id: UUID | None) -> UUID:
        """The organization that a request is about: the one named, else the caller's own. Raises Invalid for none."""
        own = org_id or self.caller.org_id
        if own is None:
            raise Invalid("Say of which organization: org_id=….", pointer="/org_id")
        return own

    def cause(self) -> Cause:
        """The cause of facts that this request makes, also of those that a list of work leaves for later: its trace."""
        return Cause(actor=self.caller.actor, traceparent=traceparent_of(trace.get_current_span()))


async def units_below(conn: AsyncConnection, org_id: UUID) -> list[tuple[UUID, UUID]]:
    """(tenant, id) of an organization and of all below it; empty when it is not known here."""
    return [(row.tenant_id, row.id) for row in (await conn.execute(UNITS, {"org": org_id})).all()]


async def access(request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> Access:
    """FastAPI dependency: the request's access. Raises Unauthenticated without a valid token."""
    if bearer is None:
        raise Unauthenticated("Send a token: Authorization: Bearer ….")
    guard: Guard = request.app.state.guard
    principal = await guard.verifier.read(bearer.credentials)
    caller = await guard.caller(principal)
    request.state.access = Access(guard.database, caller, address_of(request))
    caller = caller.within(opening(request))
    key = await key_of(request, guard.database, caller.tenant_id or OPERATORS_TENANT, caller.actor)
    request.state.access = Access(guard.database, caller, address_of(request), key)
    return request.state.access  # type: ignore[no-any-return]


def opening(request: Request) -> str | None:
    """The scope that opens the request's route to machines; none where nothing does."""
    route = request.scope.get("route")
    return scope_of_route(route.dependencies) if isinstance(route, APIRoute) else None


def address_of(request: Request) -> str | None:
    """The network address that the server accepted the request from; a proxy's own is resolved by the server."""
    return request.client.host if request.client else None


Authorized = Annotated[Access, Depends(access)]

"""Visitors: who a session belongs to now. Looked up at identity again and again, so that a lost role ends access."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from usher_console.clients.identity import Identity, Me
from usher_console.views.people import initials
from usher_console.views.wording import role_name

FRESH_SECONDS = 3.0
"""How long identity's answer stands: a lost role ends access in 5 seconds (interfaces: Roles and what they may do)."""

REPORT_READERS = frozenset({"system_admin", "org_admin", "reporter"})
ADMINISTRATORS = frozenset({"system_admin", "org_admin"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who looks, with the roles of this moment, and their access token."""

    me: Me
    token: str = field(repr=False)

    @property
    def id(self) -> UUID:
        return self.me.id

    @property
    def org_id(self) -> UUID | None:
        return self.me.org_id

    @property
    def name(self) -> str:
        return self.me.name

    @property
    def initials(self) -> str:
        return initials(self.me.name)

    @property
    def title(self) -> str:
        """The role that opens most to them."""
        first = next((role for role in ("system_admin", "org_admin", "reporter") if role in self.me.roles), None)
        return role_name(first or next(iter(self.me.roles), "member"))

    @property
    def is_system(self) -> bool:
        return "system_admin" in self.me.roles

    @property
    def sees_reports(self) -> bool:
        """Whether licenses and people are theirs to see."""
        return not REPORT_READERS.isdisjoint(self.me.roles)

    @property
    def is_administrator(self) -> bool:
        return not ADMINISTRATORS.isdisjoint(self.me.roles)

    def follows(self, tenant_id: UUID) -> bool:
        """Whether figures of that tenant are theirs to see."""
        return self.is_system or tenant_id == self.me.tenant_id


@dataclass(slots=True)
class Visitors:
    """Asks identity who a token's person is; one question at a time for each, an answer kept for a few seconds."""

    identity: Identity
    now: Callable[[], float] = monotonic
    _known: dict[str, tuple[float, Visitor]] = field(default_factory=dict)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def of(self, token: str) -> Visitor:
        """The visitor. Raises SignedOutError when identity no longer knows them, AwayError when it does not answer."""
        async with self._asking.setdefault(token, asyncio.Lock()):
            known = self._known.get(token)
            if known and self.now() - known[0] < FRESH_SECONDS:
                return known[1]
            self._forget_old()
            asked_at = self.now()
            visitor = Visitor(await self.identity.me(token), token)
            self._known[token] = (asked_at, visitor)
            return visitor

    def forget(self, token: str) -> None:
        """Ask again at the next request: what is known has just been changed from here."""
        self._known.pop(token, None)

    def _forget_old(self) -> None:
        limit = self.now() - FRESH_SECONDS
        for token in [token for token, (asked_at, _) in self._known.items() if asked_at < limit]:
            del self._known[token]
        for token in [token for token, lock in self._asking.items() if token not in self._known and not lock.locked()]:
            del self._asking[token]

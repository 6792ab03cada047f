"""Usage's answers to the link of a warning's mail: the token in it is what allows to ask, and nobody is signed in."""

from dataclasses import dataclass
from datetime import datetime

from usher_console.clients.calls import Answer, ServiceClient


class KeptSeat(Answer):
    """A seat that whoever has the link may keep: `held`, `suspended`, `reclaimed` or `none` any more."""

    product: str
    organization: str | None = None
    time_zone: str = "UTC"
    state: str
    last_login_at: datetime | None = None
    reclaim_due: datetime | None = None
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What the console asks of usage. Each method raises as `ServiceClient.get` does."""

    calls: ServiceClient

    async def look_at_link(self, token: str) -> KeptSeat:
        """The seat that a link is about, which stays as it is. Refused 404 for no link of ours, 410 for an old one."""
        return await self.calls.get(f"/v1/keeps/{token}", None, KeptSeat)

    async def keep_by_link(self, token: str) -> KeptSeat:
        """Keep the seat. Refused 409 where it is not held any more."""
        return await self.calls.post(f"/v1/keeps/{token}", None, KeptSeat)

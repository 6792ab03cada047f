"""Sending: claim deliveries in one transaction, mail them outside of any, record in another what became of them.

At least once: a sender that dies in between leaves its deliveries to another, under the same Message-ID.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_notifications.domain.deliveries import REPRESENTATIVE, Delivery, Letter, Reason, Recipient, sort_out
from usher_notifications.mail.letters import write
from usher_notifications.mail.messages import compose
from usher_notifications.mail.post import Outcome, Post
from usher_notifications.settings import NotificationsSettings
from usher_notifications.store.deliveries import claim_deliveries, hold_deliveries
from usher_notifications.store.notices import load_due
from usher_notifications.use_cases.change_sets import address_held
from usher_notifications.use_cases.deliveries import settle_deliveries
from usher_notifications.use_cases.license_notices import address_notices
from usher_notifications.use_cases.license_requests import address_requests
from usher_notifications.use_cases.transfers import address_transfers

POLL_SECONDS = 1.0
AT_ONCE = 20
LEASE = timedelta(minutes=5)
"""How long a sender holds its deliveries: longer than the server may take to time out on all of them."""


async def send_what_is_due(runtime: Runtime) -> bool:
    """One round. Answers whether to go on at once: not while the server is away."""
    claimed, letters = await claim(runtime)
    settled = await post(letters, runtime.settings, runtime.clock.now())
    await record(runtime, settled)
    return claimed > 0 and not any(one.reason is Reason.SERVER_AWAY for one in settled)


async def claim(runtime: Runtime) -> tuple[int, list[Letter]]:
    """Take what is due. What is not to be sent is settled here; the rest is held, and answered as letters."""
    at = runtime.clock.now()
    async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        deliveries = await claim_deliveries(conn, at, AT_ONCE)
        letters, settled = sort_out(
            await load_due(conn, deliveries, representative(runtime.settings.account_representative)), at
        )
        await settle_deliveries(conn, settled, at)
        await hold_deliveries(conn, [letter.delivery for letter in letters], at + LEASE)
    return len(deliveries), letters


async def post(letters: Sequence[Letter], settings: NotificationsSettings, at: datetime) -> list[Delivery]:
    """Mail letters. Answers the deliveries as they stand afterwards."""
    async with Post(settings.smtp_url) as server:
        return [await deliver(server, letter, settings, at) for letter in letters]


async def deliver(server: Post, letter: Letter, settings: NotificationsSettings, at: datetime) -> Delivery:
    """Mail one letter."""
    try:
        mail = compose(letter, write(letter, settings.console_url, settings.link_secret, at), settings.mail_from, at)
    except ValueError:
        return letter.delivery.refused()
    match await server.hand_over(mail):
        case Outcome.TAKEN:
            return letter.delivery.sent()
        case Outcome.REFUSED:
            return letter.delivery.refused()
        case Outcome.BUSY:
            return letter.delivery.postponed(Reason.SERVER_BUSY, at)
        case Outcome.AWAY:
            return letter.delivery.postponed(Reason.SERVER_AWAY, at)


def representative(contact: str) -> Recipient:
    """The account representative as a recipient; one who has left, where there is none any more."""
    name, address = parseaddr(contact)
    return Recipient(OPERATORS_TENANT, REPRESENTATIVE, name, address or None, has_left=not address)


async def record(runtime: Runtime, deliveries: Sequence[Delivery]) -> None:
    """Write down and tell what became of deliveries."""
    if not deliveries:
        return
    at = runtime.clock.now()
    async with runtime.database.transaction(sorted({delivery.tenant_id for delivery in deliveries})) as conn:
        await settle_deliveries(conn, deliveries, at)


async def address_what_is_open(runtime: Runtime) -> bool:
    """One round of addressing what system administrators may be told of too. Answers whether there was anything."""
    at, has_representative = runtime.clock.now(), bool(runtime.settings.account_representative)
    async with runtime.database.transaction_of_all([OPERATORS_TENANT]) as conn:
        notices = await address_notices(conn, at)
        requests = await address_requests(conn, at, has_representative=has_representative)
        held = await address_held(conn, at)
        transfers = await address_transfers(conn, at)
    return notices + requests + held + transfers > 0


ADDRESS: Loop[Runtime] = Loop("address", POLL_SECONDS, address_what_is_open)
SEND: Loop[Runtime] = Loop("send", POLL_SECONDS, send_what_is_due)

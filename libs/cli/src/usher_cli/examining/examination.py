"""One examination of the whole system: services' own doctors and the broker asked, their answers compared."""

import time
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import httpx2

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session
from usher_cli.examining.findings import (
    Finding,
    nothing_dead,
    outboxes_empty,
    own_findings,
    people_agree,
    queues_empty,
    seats_agree,
)
from usher_cli.failure import Failure

PAUSE_SECONDS = 0.3


def examine(session: Session) -> Sequence[Finding]:
    """What holds and what does not, at this moment. Raises Failure where somebody cannot be asked."""
    identity, entitlements, reporting = (
        session.service(name).get("/v1/doctor") for name in ("identity", "entitlements", "reporting")
    )
    findings = [
        *own_findings(entitlements),
        seats_agree(entitlements, reporting),
        people_agree(identity, entitlements),
        outboxes_empty({"identity": identity, "entitlements": entitlements, "reporting": reporting}),
    ]
    queues = ask_broker(session)
    return findings if queues is None else [*findings, queues_empty(queues), nothing_dead(queues)]


def examine_patiently(session: Session, patience: float) -> Sequence[Finding]:
    """As `examine`, asked again for up to `patience` seconds: what is on its way is no fault."""
    deadline = time.monotonic() + patience
    while True:
        findings = examine(session)
        if all(one.ok for one in findings) or time.monotonic() > deadline:
            return findings
        time.sleep(PAUSE_SECONDS)


def ask_broker(session: Session) -> Sequence[Json] | None:
    """The broker's queues by its management API; none where its address is not known."""
    url = session.environment.get("USHER_RABBITMQ_MANAGEMENT_URL")
    if url is None:
        return None
    parts = urlsplit(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    vhost = urlsplit(session.environment.get("USHER_RABBITMQ_URL") or "").path.removeprefix("/") or "/"
    try:
        answer = session.http.get(
            f"{address}/api/queues/{quote(vhost, safe='')}", auth=(parts.username or "", parts.password or "")
        )
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise Failure(f"RabbitMQ's management API does not answer at {address} ({type(error).__name__}).") from error
    queues: list[Json] = answer.json()
    return queues

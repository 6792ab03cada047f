"""One examination of the whole system: services' own doctors and the broker asked, their answers compared."""

import time
from collections.abc import Sequence

from usher_cli.clients.broker import Broker
from usher_cli.clients.session import Session
from usher_cli.examining.findings import (
    Finding,
    erasures_done,
    nothing_dead,
    outboxes_empty,
    own_findings,
    people_agree,
    queues_empty,
    seats_agree,
)

ASKED = ("identity", "entitlements", "usage", "notifications", "reporting")
PAUSE_SECONDS = 0.3


def examine(session: Session) -> Sequence[Finding]:
    """What holds and what does not, at this moment. Raises Failure where somebody cannot be asked."""
    doctors = {name: session.service(name).get("/v1/doctor") for name in ASKED}
    identity, entitlements, reporting = (doctors[name] for name in ("identity", "entitlements", "reporting"))
    findings = [
        *own_findings(entitlements),
        seats_agree(entitlements, reporting),
        people_agree(identity, entitlements),
        erasures_done(doctors),
        outboxes_empty({"identity": identity, "entitlements": entitlements, "reporting": reporting}),
    ]
    broker = Broker.of(session.environment, session.http)
    if broker is None:
        return findings
    queues = broker.queues()
    return [*findings, queues_empty(queues), nothing_dead(queues)]


def examine_patiently(session: Session, patience: float) -> Sequence[Finding]:
    """As `examine`, asked again for up to `patience` seconds: what is on its way is no fault."""
    deadline = time.monotonic() + patience
    while True:
        findings = examine(session)
        if all(one.ok for one in findings) or time.monotonic() > deadline:
            return findings
        time.sleep(PAUSE_SECONDS)

"""Waiting in the demo: for entitlements to decide about everybody, and for everything to be told everywhere."""

import time
from collections.abc import Callable

from usher_cli.clients.session import Session
from usher_cli.examining.examination import examine_patiently
from usher_cli.examining.findings import people_agree
from usher_cli.failure import Failure

PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.2


def await_people(session: Session) -> None:
    """Until entitlements knows everybody who is active in identity, and has decided about them."""
    identity, entitlements = session.identity.calls, session.entitlements
    wait(lambda: people_agree(identity.get("/v1/doctor"), entitlements.doctor()).offenders, "entitlements")


def await_quiet(session: Session) -> None:
    """Until no fact is on its way, usage has judged every seat, and the invariants hold."""
    usage = session.service("usage")
    wait(lambda: [f"{due} seats to be judged" for due in [usage.get("/v1/doctor")["due"]] if due], "usage")
    ill = [one for one in examine_patiently(session, PATIENCE_SECONDS) if not one.ok]
    if ill:
        raise Failure(
            f"{ill[0].code} does not hold: {'; '.join(ill[0].offenders[:3])}. `usher doctor` shows all of it."
        )


def wait(offenders: Callable[[], object], what: str) -> None:
    """Until there are no offenders. Raises Failure, with the last ones, when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found := offenders():
        if time.monotonic() > deadline:
            raise Failure(f"{what} is not done after {PATIENCE_SECONDS:.0f} s: {found}. `usher doctor` says more.")
        time.sleep(PAUSE_SECONDS)

"""Previews: what identity says people would be, joined with what entitlements says becomes of their seats."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from http import HTTPStatus

from usher_cli.clients.calls import Json, RefusedError
from usher_cli.clients.session import Session
from usher_cli.commands.simulate import show_outcome
from usher_cli.output import STDERR, show, table

SHOWN = 20


def show_people(people: Sequence[Json]) -> None:
    """How many people would be what."""
    states = Counter((person["status"], ", ".join(person["roles"])) for person in people)
    if states:
        rows = [(count, *state) for state, count in states.most_common(SHOWN)]
        show(table(f"{len(people):,} people would be", ("#people", "status", "roles"), rows))


def show_seats(session: Session, people: Sequence[Json]) -> None:
    """What would become of seats, tenant by tenant, as far as that shows to who asks."""
    by_tenant: dict[str, list[Json]] = defaultdict(list)
    for person in people:
        by_tenant[person["tenant_id"]].append(person)
    for tenant_id, own in by_tenant.items():
        supposed = {"org_id": session.identity.administered(tenant_id), "people": own}
        try:
            show_outcome(session.entitlements.simulate(supposed))
        except RefusedError as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            STDERR.print("What it does to seats shows to who administers everybody concerned.", style="dim")

"""Events of Keycloak's realms on the road of commands: whose they are, which of them count, and what became of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.upstream import SentCommand
from usher_identity.domain.upstreams import Upstream
from usher_identity.keycloak.sent import ClientLogin, Ignored, PersonSaid, SentEvent
from usher_identity.store.people import find_people_by_link
from usher_identity.store.realms import Owner, find_owners
from usher_identity.store.tallies import Tally, save_tallies
from usher_identity.use_cases.outcomes import Answer, refuse
from usher_kit.telemetry import names

SHOWN = 200
"""Characters of a detail that is kept."""

UNMAPPED = "unmapped_word"


async def address(conn: AsyncConnection, commands: Sequence[SentCommand]) -> Sequence[SentCommand]:
    """The commands with events as their upstreams'. Those of a realm that is nobody's stay with the operators."""
    realms = {one.realm for one in commands if isinstance(one, SentEvent)}
    if not realms:
        return commands
    owners = await find_owners(conn, realms)
    return [to_owner(one, owners.get(one.realm)) if isinstance(one, SentEvent) else one for one in commands]


def to_owner(event: SentEvent, owner: Owner | None) -> SentEvent:
    if owner is None:
        return event
    named = {"tenantid": owner.tenant_id, "upstream": owner.upstream, "actor": f"upstream:{owner.upstream}"}
    return event.model_copy(update=named)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What counts of a realm's events, and what was answered of the rest."""

    counting: list[SentCommand]
    answers: list[Answer]
    ignored: list[SentCommand]


def sift(upstream: Upstream, events: Sequence[SentCommand]) -> Sifted:
    """Part from what counts the events that say nothing here, and those of another realm."""
    sifted = Sifted([], [], [])
    realm = upstream.realm
    for one in events:
        if realm is None or not isinstance(one, SentEvent):
            sifted.counting.append(one)
        elif not realm.is_of(one.realm_id):
            sifted.answers.append(
                refuse(one, f"the event is of realm {one.realm_id}, and this upstream's is {realm.id}")
            )
        elif isinstance(one.data, Ignored):
            sifted.ignored.append(one)
        elif isinstance(one.data, ClientLogin) and not realm.counts(one.data.client_id):
            left_out = Ignored(what="LOGIN", why="client_not_counted")
            sifted.ignored.append(one.model_copy(update={"data": left_out}))
        else:
            sifted.counting.append(one)
    return sifted


async def introductions(conn: AsyncConnection, upstream: Upstream, events: Sequence[SentCommand]) -> list[SentCommand]:
    """Of who logs in and is not known by their id yet: the name they signed in by, which may tell who it is."""
    strangers = {one.subject: one for one in events if isinstance(one.data, ClientLogin) and one.data.known_as}
    if not strangers:
        return []
    known = await find_people_by_link(conn, upstream.tenant_id, upstream.name, strangers)
    return [introduce(one) for external_id, one in strangers.items() if external_id not in known]


def introduce(login: SentCommand) -> SentCommand:
    assert isinstance(login.data, ClientLogin)  # noqa: S101 (the caller chose it)
    said = PersonSaid(external_id=login.subject, parts={"known_as": login.data.known_as or ""})
    return login.model_copy(update={"data": said})


async def tally(
    conn: AsyncConnection,
    upstream: Upstream,
    answers: Sequence[Answer],
    ignored: Sequence[SentCommand],
    at: datetime,
) -> None:
    """Count what became of events: nobody reads outcomes of theirs."""
    lines: list[tuple[str, str, str, str]] = [
        (one.status, one.command.type, one.detail, one.command.id) for one in answers
    ]
    lines += [(UNMAPPED, word, "", one.command.id) for one in answers for word in one.unmapped]
    lines += [
        (f"ignored_{data.why}", data.what, "", one.id) for one in ignored if isinstance(data := one.data, Ignored)
    ]
    counts = Counter((outcome, what[:100]) for outcome, what, _, _ in lines)
    latest = {(outcome, what[:100]): (detail[:SHOWN], id_) for outcome, what, detail, id_ in lines}
    tallies = [Tally(*key, counts[key], *latest[key], at) for key in sorted(counts)]
    await save_tallies(conn, upstream.tenant_id, upstream.name, tallies, at)
    for outcome, count in Counter(outcome for outcome, _, _, _ in lines).items():
        names.UPSTREAM_EVENTS.labels(upstream.kind, outcome).inc(count)

"""Upstreams' commands: decided a batch at a time, each answered in the transaction that did what it asked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_contracts.upstream import Login, OrganizationUpsert, SentCommand
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.upstreams import AHEAD, Upstream, mapping_of
from usher_identity.keycloak.sent import SentEvent
from usher_identity.store.organizations import load_tenant_organizations, lock_trees
from usher_identity.store.upstreams import (
    CommandId,
    find_received,
    load_upstreams_for_update,
    receive,
    save_upstreams,
)
from usher_identity.use_cases.command_logins import take_logins
from usher_identity.use_cases.command_organizations import take_organizations
from usher_identity.use_cases.command_people import take_people
from usher_identity.use_cases.outcomes import Answer, refuse, tell
from usher_identity.use_cases.realm_events import address, introductions, sift, tally
from usher_identity.use_cases.recording import Act
from usher_kit.commands import Malformed
from usher_kit.consuming import set_aside

SERVICE = "identity"


async def take_commands(conn: AsyncConnection, commands: Sequence[SentCommand], at: datetime) -> int:
    """Do what upstreams ask and tell each what became of it; what came before is not done again.

    Commands of an upstream that is not known here go to the dead letters: there is nobody to tell.
    """
    commands = await address(conn, commands)
    await lock_trees(conn, {one.tenantid for one in commands})
    upstreams = await load_upstreams_for_update(conn, {(one.tenantid, one.upstream) for one in commands})
    known = [one for one in commands if comes_from(upstreams.get((one.tenantid, one.upstream)), one)]
    strangers = [one for one in commands if not comes_from(upstreams.get((one.tenantid, one.upstream)), one)]
    await set_aside(conn, SERVICE, strangers, "unknown_upstream", "no upstream that comes by this way is known by it")
    by_upstream: dict[tuple[UUID, str], list[SentCommand]] = defaultdict(list)
    for one in await fresh(conn, known):
        by_upstream[one.tenantid, one.upstream].append(one)
    counted: list[Upstream] = []
    done: list[SentCommand] = []
    for key, own in by_upstream.items():
        take = take_events if upstreams[key].realm else take_told
        upstream, taken = await take(conn, upstreams[key], own, at)
        counted.append(upstream)
        done += taken
    await save_upstreams(conn, counted)
    await receive(conn, [id_of(one) for one in done], at)
    return len(done)


def comes_from(upstream: Upstream | None, command: SentCommand) -> bool:
    """Whether the command came by the way of the upstream that it names."""
    way = "keycloak" if isinstance(command, SentEvent) else "amqp"
    return upstream is not None and upstream.kind == way


async def take_told(
    conn: AsyncConnection, upstream: Upstream, commands: Sequence[SentCommand], at: datetime
) -> tuple[Upstream, Sequence[SentCommand]]:
    """Commands of a sender who is told what becomes of each. Answers those that are done."""
    upstream, admitted = upstream.admit(len(commands), at)
    answers = await take_from(conn, upstream, commands[:admitted], at)
    answers += [
        refuse(one, f"more than the quota of {upstream.quota} commands a minute: send it again later")
        for one in commands[admitted:]
    ]
    await tell(conn, answers, at)
    return upstream, commands[:admitted]


async def take_events(
    conn: AsyncConnection, upstream: Upstream, events: Sequence[SentCommand], at: datetime
) -> tuple[Upstream, Sequence[SentCommand]]:
    """Events of a realm, whose sender hears nothing: what is beyond the quota waits among the dead letters."""
    sifted = sift(upstream, events)
    upstream, admitted = upstream.admit(len(sifted.counting), at)
    taken, beyond = sifted.counting[:admitted], sifted.counting[admitted:]
    detail = f"more than the quota of {upstream.quota} a minute: raise it, and send them again by `usher dead replay`"
    await set_aside(conn, SERVICE, beyond, "over_quota", detail)
    introduced = await introductions(conn, upstream, taken)
    answers = sifted.answers + await take_from(conn, upstream, [*introduced, *taken], at)
    of_introductions = {id(one) for one in introduced}
    told = [one for one in answers if id(one.command) not in of_introductions]
    await tally(conn, upstream, told, sifted.ignored, at)
    return upstream, [one for one in events if one.id not in {late.id for late in beyond}]


def id_of(command: SentCommand) -> CommandId:
    return (command.tenantid, command.upstream, command.id)


async def fresh(conn: AsyncConnection, commands: Sequence[SentCommand]) -> list[SentCommand]:
    """Those that have not come before, each once."""
    if not commands:
        return []
    once = {id_of(one): one for one in reversed(commands)}
    received = await find_received(conn, list(once))
    return [one for id_, one in reversed(once.items()) if id_ not in received]


async def take_from(
    conn: AsyncConnection, upstream: Upstream, commands: Sequence[SentCommand], at: datetime
) -> list[Answer]:
    """One upstream's commands, by a handful of statements however many they are.

    Organizations go first, since people are said to belong to them.
    """
    if not commands:
        return []
    answers, sound = sort_out(commands, at)
    act = Act(at, cause_of(upstream, commands))
    units = Units((await load_tenant_organizations(conn, upstream.tenant_id)).values(), upstream)
    mapping = mapping_of(upstream.words)
    of_organizations = [one for one in sound if isinstance(one.data, OrganizationUpsert)]
    of_logins = [one for one in sound if isinstance(one.data, Login)]
    of_people = [one for one in sound if not isinstance(one.data, OrganizationUpsert | Login)]
    answers += await take_organizations(conn, units, of_organizations, act)
    answers += await take_people(conn, units, mapping, of_people, act)
    answers += await take_logins(conn, units, of_logins, act)
    return answers


def sort_out(commands: Iterable[SentCommand], at: datetime) -> tuple[list[Answer], list[SentCommand]]:
    """The refusals of those that cannot be heard, and the others."""
    refused: list[Answer] = []
    sound: list[SentCommand] = []
    for one in commands:
        if isinstance(one.data, Malformed):
            refused.append(refuse(one, one.data.detail))
        elif one.time > at + AHEAD:
            refused.append(refuse(one, "ce-time is more than five minutes ahead of now"))
        else:
            sound.append(one)
    return refused, sound


def cause_of(upstream: Upstream, commands: Sequence[SentCommand]) -> Cause:
    """What led to the facts of a batch: its one command, or of several the upstream alone."""
    return Cause.of(commands[0]) if len(commands) == 1 else Cause(actor=f"upstream:{upstream.name}")

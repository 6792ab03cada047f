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
from usher_identity.use_cases.recording import Act
from usher_kit.commands import Malformed
from usher_kit.consuming import set_aside

SERVICE = "identity"


async def take_commands(conn: AsyncConnection, commands: Sequence[SentCommand], at: datetime) -> int:
    """Do what upstreams ask and tell each what became of it; what came before is not done again.

    Commands of an upstream that is not known here go to the dead letters: there is nobody to tell.
    """
    await lock_trees(conn, {one.tenantid for one in commands})
    upstreams = await load_upstreams_for_update(conn, {(one.tenantid, one.upstream) for one in commands})
    known = [one for one in commands if (one.tenantid, one.upstream) in upstreams]
    strangers = [one for one in commands if (one.tenantid, one.upstream) not in upstreams]
    await set_aside(conn, SERVICE, strangers, "unknown_upstream", "no upstream of this name is known in the tenant")
    by_upstream: dict[tuple[UUID, str], list[SentCommand]] = defaultdict(list)
    for one in await fresh(conn, known):
        by_upstream[one.tenantid, one.upstream].append(one)
    counted: list[Upstream] = []
    done: list[SentCommand] = []
    answers: list[Answer] = []
    for key, own in by_upstream.items():
        upstream, admitted = upstreams[key].admit(len(own), at)
        answers += await take_from(conn, upstream, own[:admitted], at)
        answers += [
            refuse(one, f"more than the quota of {upstream.quota} commands a minute: send it again later")
            for one in own[admitted:]
        ]
        counted.append(upstream)
        done += own[:admitted]
    await save_upstreams(conn, counted)
    await receive(conn, [id_of(one) for one in done], at)
    await tell(conn, answers, at)
    return len(done)


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

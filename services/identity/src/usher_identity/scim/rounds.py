"""A request that changes something, in rounds: what the database or the rules refuse is refused, and the rest done."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from scim2_models import ConflictException, InvalidValueException, SCIMException, UniquenessException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import GROUP, USER
from usher_identity.domain.scim import Space as Owner
from usher_identity.domain.upstreams import Upstream
from usher_identity.scim.handler import Handler
from usher_identity.scim.said import upsert_of
from usher_identity.scim.space import Draft, Space
from usher_identity.use_cases.outcomes import Answer
from usher_identity.use_cases.scim import Changes, Findings, find_faults, keep, say

HELD = "Usher-Held"
"""The header that names the change sets that hold what a request takes from people (seats: A guard on mass loss)."""

ROUNDS = 5
"""A refusal may bring others with it: what named a user who is refused. More often than this it is not looked again."""


async def write(conn: AsyncConnection, upstream: Upstream, request: ScimRequest, at: datetime) -> ScimResponse:
    """Do what a request asks, all of it by a handful of statements. The tenant's tree is locked.

    Raises SCIMException for what is refused; of a bulk's operations each has its own answer.
    """
    refused: dict[int, SCIMException] = {}
    for _ in range(ROUNDS):
        savepoint = await conn.begin_nested()
        space = Space(conn, Owner(upstream.tenant_id, upstream.name), at, refused)
        response = await Handler(space).handle(request)
        found, held = await settle(upstream, space)
        if not found:
            await savepoint.commit()
            return told_of(response, held)
        await savepoint.rollback()
        refused.update(found)
    raise ConflictException(detail="Too many of these operations depend on others that are refused; send fewer at once")


async def settle(upstream: Upstream, space: Space) -> tuple[Mapping[int, SCIMException], Sequence[Answer]]:
    """Do what was drafted. Answers with what may not be, whereupon nothing of it may stay; and with what is held."""
    changes = changes_of(space.draft)
    faults = await find_faults(space.conn, space.owner, changes)
    if faults.are_any:
        return refusals_of(space.draft, faults), ()
    await keep(space.conn, space.owner, changes, space.at)
    answers = await say(space.conn, upstream, changes, upsert_of, space.at)
    refused = {
        space.draft.saved[one.command.subject][0]: ConflictException(detail=one.detail)
        for one in answers
        if one.status == "refused" and one.command.subject in space.draft.saved
    }
    return refused, [one for one in answers if one.status == "held"]


def told_of(response: ScimResponse, held: Sequence[Answer]) -> ScimResponse:
    """The response, and in headers what of it waits: what was said is kept, but takes nothing from these people yet."""
    if held:
        sets = ", ".join(sorted({str(one.held_in) for one in held}))
        people = f"{len(held)} {'person keeps' if len(held) == 1 else 'people keep'}"
        response.headers[HELD] = sets
        response.headers["Warning"] = f'199 - "{people} access until an administrator decides on change set {sets}"'
    return response


def changes_of(draft: Draft) -> Changes:
    saved = [one for _, one in draft.saved.values()]
    groups = [one for one in saved if one.stored.kind == GROUP]
    removed = {kind: [id_ for id_, (_, of) in draft.removed.items() if of == kind] for kind in (USER, GROUP)}
    gone = {id_ for id_ in draft.removed if id_ not in draft.saved}
    return Changes(
        users=[one for one in saved if one.stored.kind == USER],
        groups=groups,
        removed_users=removed[USER],
        removed_groups=removed[GROUP],
        added=[one for one in draft.added if not gone.intersection(one)],
        taken=list(draft.taken),
        renamed_groups=[
            one.stored.id
            for one in groups
            if draft.words_before.get(one.stored.id, (one.name, *one.words)) != (one.name, *one.words)
        ],
    )


def refusals_of(draft: Draft, faults: Findings) -> dict[int, SCIMException]:
    """Why operations may not be, by their numbers."""
    found: dict[int, SCIMException] = {
        number: UniquenessException(detail="Another user has this userName")
        for number, one in draft.saved.values()
        if one.stored.kind == USER and one.name in faults.taken_names
    }
    for (_, user), number in draft.added.items():
        if user in faults.strangers:
            found[number] = InvalidValueException(detail=f"members: no user {user[:80]!r} is here")
    return found

"""Connecting identity providers of others, changing what holds for them, and letting nobody in by them any more."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.identity_providers import IdentityProvider, role_mapping
from usher_identity.domain.refusals import AlreadyTaken
from usher_identity.domain.versions import raised
from usher_identity.store.clients import lock_provider
from usher_identity.store.identity_providers import (
    end_sessions_by,
    find_taken_domains,
    former_of,
    remove_provider,
    save_provider,
)
from usher_identity.use_cases.recording import Act, Expect
from usher_kit.versions import epoch_of


async def add_provider(conn: AsyncConnection, new: IdentityProvider) -> IdentityProvider:
    """Connect a provider. The transaction sees every provider whose domains count.

    Raises AlreadyTaken for a name or domain of another, Refusal for a mapping that may not be.
    """
    role_mapping(new.mapping)
    await lock_provider(conn)
    former = await former_of(conn, new.tenant_id, new.name)
    if former and former[2]:
        raise AlreadyTaken(f"There is a provider {new.name} here already.", "/name")
    if former and former[0] != new.issuer:
        raise AlreadyTaken(
            f"{new.name} was the name of {former[0]}, and people are known by it: choose another name.", "/name"
        )
    await refuse_taken_domains(conn, new)
    made = replace(new, version=raised(former[1] if former else 0, epoch_of(conn)))
    await save_provider(conn, made)
    return made


async def change_provider(
    conn: AsyncConnection, before: IdentityProvider, wanted: IdentityProvider, expect: Expect[IdentityProvider]
) -> Change[IdentityProvider]:
    """Change a locked provider. Raises as `add_provider` does."""
    expect(before)
    if wanted == before:
        return Change(before, before)
    role_mapping(wanted.mapping)
    await lock_provider(conn)
    await refuse_taken_domains(conn, wanted)
    after = replace(wanted, version=raised(before.version, epoch_of(conn)))
    await save_provider(conn, after)
    return Change(before, after)


async def drop_provider(
    conn: AsyncConnection, before: IdentityProvider, act: Act, expect: Expect[IdentityProvider]
) -> None:
    """Let nobody sign in by a locked provider any more, and end the sessions that began by it.

    People, and the roles that it gave them, stay.
    """
    expect(before)
    await remove_provider(conn, replace(before, version=raised(before.version, epoch_of(conn))), act.at)
    await end_sessions_by(conn, before.id, act.at)


async def refuse_taken_domains(conn: AsyncConnection, provider: IdentityProvider) -> None:
    """Raises AlreadyTaken where addresses of a domain lead to another provider."""
    if taken := await find_taken_domains(conn, provider):
        raise AlreadyTaken(f"{', '.join(sorted(taken))} leads to another provider already.", "/domains")

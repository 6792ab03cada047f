"""Connecting upstreams, changing what holds for them, and hearing them no more."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.keycloak import realm_words
from usher_identity.domain.changes import Change
from usher_identity.domain.mapping import MappingError
from usher_identity.domain.organizations import Organization
from usher_identity.domain.realms import Realm
from usher_identity.domain.refusals import AlreadyTaken, Refusal
from usher_identity.domain.roles import MANUAL
from usher_identity.domain.rosters import Roster
from usher_identity.domain.scim import Space
from usher_identity.domain.upstreams import Kind, Upstream, mapping_of
from usher_identity.domain.versions import raised
from usher_identity.store.organizations import lock_trees
from usher_identity.store.realms import Owner, claim_realm, release_realm
from usher_identity.store.rosters import add_sync, remove_sync
from usher_identity.store.scim_tokens import remove_tokens
from usher_identity.store.sources import load_words, save_words
from usher_identity.store.upstreams import (
    last_version,
    load_upstreams_for_update,
    remove_upstream,
    save_upstreams,
)
from usher_identity.use_cases.recording import Act, Expect
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of

OwnWords = Mapping[str, tuple[str, ...]]
"""An upstream's own words for roles, each with the roles that it gives."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an upstream comes, and what that takes."""

    kind: Kind = "amqp"
    realm: Realm | None = None
    roster: Roster | None = None
    sealed: str = field(default="", repr=False)
    """A roster's secret."""


async def add_upstream(
    conn: AsyncConnection,
    organization: Organization,
    name: str,
    words: OwnWords,
    quota: int,
    act: Act,
    way: Way,
) -> Upstream:
    """Connect an upstream to an organization.

    Raises AlreadyTaken for a name that the tenant has and for another's realm, Refusal for words, and for a roster that
    is not a whole tenant's.
    """
    if name == MANUAL:
        raise Refusal("The source `manual` is what administrators do by hand; name another.", "/name")
    tenant_id = organization.tenant_id
    await lock_trees(conn, [tenant_id])
    if await load_upstreams_for_update(conn, [(tenant_id, name)]):
        raise AlreadyTaken(f"This tenant has an upstream {name} already.", "/name")
    version = raised(await last_version(conn, tenant_id, name), epoch_of(conn))
    made = Upstream(tenant_id, name, new_id(), organization.id, quota, act.at, act.at, version=version)
    made = replace(made, kind=way.kind, realm=way.realm, roster=way.roster)
    await prepare_way(conn, organization, made, way.sealed)
    await save_upstreams(conn, [made])
    return await keep_words(conn, made, words)


async def prepare_way(conn: AsyncConnection, organization: Organization, made: Upstream, sealed: str) -> None:
    """What the upstream's way of coming takes beside its row. Raises AlreadyTaken or Refusal."""
    realm = made.realm
    if realm and not await claim_realm(conn, realm_words(realm.name, realm.id), Owner(made.tenant_id, made.name)):
        raise AlreadyTaken(f"The realm {realm.name} is heard as another upstream already.", "/keycloak/realm")
    if made.roster and not organization.is_root:
        raise Refusal("This is a unit; a roster is a whole tenant's: give the root's id.", "/org_id")
    if made.roster:
        await add_sync(conn, made.tenant_id, made.name, sealed, made.created_at)


async def change_upstream(
    conn: AsyncConnection, before: Upstream, words: OwnWords | None, quota: int | None, expect: Expect[Upstream]
) -> Change[Upstream]:
    """Change a locked upstream; what is None stays. Raises Refusal for words that may not be."""
    expect(before)
    if words is None and quota is None:
        return Change(before, before)
    after = replace(before, quota=quota or before.quota, version=raised(before.version, epoch_of(conn)))
    await save_upstreams(conn, [after])
    return Change(before, after if words is None else await keep_words(conn, after, words))


async def drop_upstream(conn: AsyncConnection, before: Upstream, act: Act, expect: Expect[Upstream]) -> Upstream:
    """Hear a locked upstream no more. Whom it named stay as they are, and so do the roles that it gave."""
    expect(before)
    after = replace(before, version=raised(before.version, epoch_of(conn)))
    await remove_upstream(conn, after, act.at)
    await remove_sync(conn, before.tenant_id, before.name)
    if before.realm:
        await release_realm(conn, Owner(before.tenant_id, before.name))
    await remove_tokens(conn, Space(before.tenant_id, before.name))
    return after


async def keep_words(conn: AsyncConnection, upstream: Upstream, words: OwnWords) -> Upstream:
    """The upstream with words of its own. Raises Refusal for roles that no mapping gives."""
    given = replace(await load_words(conn, upstream.tenant_id, upstream.name), roles=words)
    try:
        mapping_of(given)
    except MappingError as error:
        raise Refusal(str(error), "/mapping") from error
    await save_words(conn, upstream.tenant_id, upstream.name, given)
    return replace(upstream, words=given)

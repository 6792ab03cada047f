"""What identity cannot do without: the operators' tenant, its clients and its signing keys."""

from usher_contracts.envelope import OPERATORS_TENANT, SYSTEM_ACTOR, Cause
from usher_identity.oidc.clients import configured_clients
from usher_identity.oidc.keys import rotate_keys
from usher_identity.settings import IdentitySettings
from usher_identity.store.clients import lock_provider, replace_clients
from usher_identity.store.organizations import load_organizations
from usher_identity.use_cases.organizations import NewOrganization, create_organization
from usher_identity.use_cases.recording import Act
from usher_kit.runtime import Runtime

OPERATORS = "Operators"


async def prepare(runtime: Runtime) -> None:
    """Bring it all in; at a later start, only what has changed."""
    settings: IdentitySettings = runtime.settings
    act = Act(runtime.clock.now(), Cause(actor=SYSTEM_ACTOR))
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        await lock_provider(conn)
        if not await load_organizations(conn, [OPERATORS_TENANT]):
            new = NewOrganization(OPERATORS_TENANT, OPERATORS_TENANT, None, OPERATORS, "operators", "UTC")
            await create_organization(conn, new, act)
        await replace_clients(conn, configured_clients(settings))
    await rotate_keys(runtime)

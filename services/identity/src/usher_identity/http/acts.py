"""The act that a request makes: now, by its caller; and how it is written down, by ids and figures alone."""

from collections.abc import Sequence

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.organizations import Organization
from usher_identity.use_cases.recording import Act
from usher_kit import audit
from usher_kit.access import Access
from usher_kit.runtime import Runtime


def act_of(access: Access, runtime: Runtime) -> Act:
    return Act(runtime.clock.now(), access.cause())


async def write_down(conn: AsyncConnection, access: Access, act: Act, done: Sequence[audit.Act]) -> None:
    """Write down what was done, in its transaction."""
    await audit.record(conn, "identity", done, at=act.at, cause=act.cause, address=access.address)


def about_organization(name: str, change: Change[Organization]) -> list[audit.Act]:
    """What was done to an organization; nothing where nothing differs."""
    if not change.is_one:
        return []
    one = change.after
    state = organization_state
    return [audit.Act(name, str(one.id), one.tenant_id, one.id, state(change.before), state(one))]


def organization_state(organization: Organization | None) -> dict[str, JsonValue] | None:
    if organization is None:
        return None
    return {
        "parent_id": str(organization.parent_id) if organization.parent_id else None,
        "name": organization.name,
        "kind": organization.kind,
        "time_zone": organization.time_zone,
        "version": organization.version,
    }

"""Organizations as upstreams say them: each whole, by the later word."""

from collections.abc import Sequence
from zoneinfo import available_timezones

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.upstream import OrganizationUpsert, SentCommand
from usher_identity.domain.changes import Change
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.upstream_units import Unit, Units
from usher_identity.store.sayings import load_orders, save_orders
from usher_identity.use_cases.outcomes import Answer, refuse
from usher_identity.use_cases.recording import Act, record_organizations
from usher_kit.commands import order_of
from usher_kit.ids import new_id


async def take_organizations(
    conn: AsyncConnection, units: Units, commands: Sequence[SentCommand], act: Act
) -> list[Answer]:
    """Make and change units. The tenant's tree is locked."""
    if not commands:
        return []
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    before = dict(units.by_id)
    orders = await load_orders(conn, tenant_id, source, {one.subject for one in commands})
    answers: list[Answer] = []
    said: dict[str, int] = {}
    for one in sorted(commands, key=lambda one: (order_of(one), one.id)):
        assert isinstance(one.data, OrganizationUpsert)  # noqa: S101 (the caller chose them)
        if order_of(one) <= said.get(one.subject, orders.get(one.subject, -1)):
            answers.append(Answer(one, "stale"))
            continue
        try:
            units.put(to_unit(one.data), new_id(), act.at)
        except Refusal as refusal:
            answers.append(refuse(one, refusal.detail))
        else:
            said[one.subject] = order_of(one)
            answers.append(Answer(one, "taken"))
    changes = [Change(before.get(id_), one) for id_, one in units.by_id.items() if one != before.get(id_)]
    for recorded in await record_organizations(conn, changes, act):
        units.by_id[recorded.id] = recorded
    await save_orders(conn, tenant_id, source, said)
    return answers


def to_unit(said: OrganizationUpsert) -> Unit:
    """Raises Refusal for a time zone that there is not."""
    if said.time_zone is not None and said.time_zone not in available_timezones():
        raise Refusal(f"{said.time_zone[:60]!r} is no IANA time zone, such as Europe/Berlin")
    return Unit(said.external_id, said.name, said.kind, said.parent_external_id, said.time_zone)

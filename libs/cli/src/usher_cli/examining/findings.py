"""Findings: what must hold, and who or what offends against it; compared by pure functions over services' answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from usher_cli.clients.calls import Json


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must hold: its code, what it is in words, and what offends against it (nothing: it holds)."""

    code: str
    holds: str
    offenders: Sequence[str]

    @property
    def ok(self) -> bool:
        return not self.offenders

    def as_json(self) -> Json:
        return {"code": self.code, "holds": self.holds, "ok": self.ok, "offenders": list(self.offenders)}


def by_tenant(answer: Json) -> dict[str, Json]:
    """A doctor's answer as tenants by id."""
    return {one["tenant_id"]: one for one in answer["tenants"]}


def seats_agree(entitlements: Json, reporting: Json) -> Finding:
    """I6: every seat in entitlements equals reporting's, every version has its claim, and the claims add up."""
    theirs, ours = by_tenant(entitlements), by_tenant(reporting)
    offenders = [
        f"{name_of(tenant, ours)}: {fault}"
        for tenant in sorted(theirs | ours)
        for fault in disagreements(theirs.get(tenant, {}), ours.get(tenant, {}))
    ]
    return Finding("I6", "entitlements' and reporting's seats are the same, and the claims add up to them", offenders)


def disagreements(entitlements: Json, reporting: Json) -> Iterable[str]:
    """What of one tenant differs; a tenant unknown to a service is one without seats."""
    seats, shown = entitlements.get("seats") or {}, reporting.get("seats") or {}
    for state in sorted(seats | shown):
        if seats.get(state, 0) != shown.get(state, 0):
            yield f"{seats.get(state, 0)} {state} in entitlements, {shown.get(state, 0)} in reporting"
    if entitlements.get("checksum", "0") != reporting.get("checksum", "0"):
        yield "checksums over person, product, state and version differ"
    if missing := reporting.get("claims_missing", 0):
        yield f"{missing} versions of seats without a claim"
    if reporting.get("entered", 0) - reporting.get("left", 0) != reporting.get("held", 0):
        yield f"{reporting['entered']} entered less {reporting['left']} left is not {reporting['held']} held"
    if wrong := reporting.get("headcount_wrong", 0):
        yield f"{wrong} kept head counts differ from a recount"
    if wrong := reporting.get("pools_wrong", 0):
        yield f"{wrong} pools differ from the seats known to reporting"


def people_agree(identity: Json, entitlements: Json) -> Finding:
    """Entitlements knows identity's active people, all decided about."""
    theirs, ours = by_tenant(identity), by_tenant(entitlements)
    offenders = [
        f"{name_of(tenant, ours)}: {one['people_active']} active in identity, {known} in entitlements"
        for tenant, one in sorted(theirs.items())
        if one["people_active"] != (known := ours.get(tenant, {}).get("people_active", 0))
    ]
    undecided = [
        f"{tenant}: {one['undecided']} are to be decided about" for tenant, one in ours.items() if one["undecided"]
    ]
    return Finding("people", "entitlements knows and has decided about everybody in identity", offenders + undecided)


def own_findings(entitlements: Json) -> Sequence[Finding]:
    """I1 to I4, as entitlements found them over its own rows."""
    return [Finding(one["code"], one["holds"], one["offenders"]) for one in entitlements["findings"]]


def outboxes_empty(doctors: Mapping[str, Json]) -> Finding:
    """No service holds facts that it has not published. `doctors` are their doctors' answers by service."""
    waiting = {
        service: sum(one.get("outbox_waiting", 0) for one in answer["tenants"]) for service, answer in doctors.items()
    }
    offenders = [f"{service}: {count} facts are not published yet" for service, count in waiting.items() if count]
    return Finding("outboxes", "every fact is published", offenders)


def queues_empty(queues: Sequence[Json]) -> Finding:
    """Nothing waits to be applied. `queues` are RabbitMQ's, as its management API names them."""
    offenders = [
        f"{queue['name']}: {queue['messages']} messages wait"
        for queue in queues
        if queue["name"].endswith((".events", ".upstream")) and queue.get("messages")
    ]
    return Finding("queues", "no message waits to be applied", offenders)


def nothing_dead(queues: Sequence[Json]) -> Finding:
    """No fact was set aside as one that cannot be applied."""
    offenders = [
        f"{queue['name']}: {queue['messages']} facts could not be applied"
        for queue in queues
        if queue["name"].endswith(".dead") and queue.get("messages")
    ]
    return Finding("dead", "no fact is among the dead letters", offenders)


def erasures_done(doctors: Mapping[str, Json]) -> Finding:
    """Whoever is erased in identity is so everywhere, and nothing of them is left. `doctors` are answers by service."""
    asked = doctors["identity"]["deleted"]["people"]
    offenders = [
        f"{service}: knows {people} of {asked} people to be erased"
        for service, answer in doctors.items()
        if (people := answer["deleted"]["people"]) != asked
    ]
    offenders += [
        f"{service}: {left} traces of erased people are still to go"
        for service, answer in doctors.items()
        if (left := answer["deleted"]["left"])
    ]
    return Finding("erasure", "who is erased is erased in every service", offenders)


def name_of(tenant: str, known: Mapping[str, Json]) -> str:
    return str(known.get(tenant, {}).get("name") or tenant)

"""The topology on RabbitMQ: exchanges, queues, bindings and their arguments (messages: On RabbitMQ)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from usher_contracts.catalogue import FACTS, LISTENERS, PERSONAL
from usher_contracts.envelope import Fact, routing_key
from usher_contracts.re_emission import ENDED, REQUESTS

EVENTS = "usher.events"
LOG = "usher.log"
UPSTREAM = "usher.upstream"
"""Takes upstream systems' commands; its routing keys begin with tenant and upstream, and so do permissions."""
OUTCOMES = "usher.outcomes"
"""Takes what became of commands, by `<tenant>.<upstream>`."""
COMMANDED = "identity"
"""The service that commands are for."""
OUTCOMES_KEPT = 100_000
"""Outcomes that wait for one upstream at most; beyond that the oldest go."""

DELIVERY_LIMIT = 20
"""Redeliveries of one message before the broker dead-letters it; explicit, since versions' defaults differ."""

BATCH_MAX_FACTS = 100
BATCH_MAX_BYTES = 256 * 1024
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
FACT_CONTENT_TYPE = "application/json"
HEADER_PREFIX = "ce-"

KNOWN_ARGUMENTS = frozenset(
    {
        "x-queue-type",
        "x-delivery-limit",
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
        "x-dead-letter-strategy",
        "x-overflow",
        "x-single-active-consumer",
        "x-max-age",
        "x-max-length",
        "x-stream-max-segment-size-bytes",
    }
)
"""Arguments that RabbitMQ 3.10 and 4.x both honor; 3.10 accepts unknown ones in silence, so they are checked here."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue; `bindings` are routing keys on `exchange`."""

    name: str
    arguments: Mapping[str, str | int]
    bindings: Sequence[str] = field(default=())
    exchange: str = EVENTS

    def __post_init__(self) -> None:
        if unknown := set(self.arguments) - KNOWN_ARGUMENTS:
            msg = f"queue {self.name}: arguments that not every supported broker knows: {sorted(unknown)}"
            raise ValueError(msg)


def dead_queue(service: str) -> Queue:
    """Where facts go that `service` could not apply, one a message."""
    return Queue(f"{service}.dead", {"x-queue-type": "quorum"})


def events_queue(service: str) -> Queue:
    """The one queue of a consuming service. Beyond the delivery limit the broker moves a message to the dead queue."""
    return Queue(f"{service}.events", kept_for(service), [routing_key(fact.type) for fact in LISTENERS[service]])


def upstream_queue() -> Queue:
    """Every command of every upstream system; like a queue of facts in all else."""
    return Queue(f"{COMMANDED}.upstream", kept_for(COMMANDED), ["#"], UPSTREAM)


def requests_queue(service: str) -> Queue:
    """Where a service hears what it is asked to tell again, apart from the facts that it lives by."""
    return Queue(f"{service}.requests", kept_for(service), [routing_key(fact.type) for fact in REQUESTS])


def rebuild_queue(service: str, facts: Iterable[type[Fact]]) -> Queue:
    """What a service hears of these types while it builds its read models anew; gone when it has done so.

    One consumer at a time, so that what comes first is applied first.
    """
    arguments = {**kept_for(service), "x-single-active-consumer": True}
    return Queue(f"{service}.rebuild", arguments, [routing_key(fact.type) for fact in facts])


def kept_for(service: str) -> Mapping[str, str | int]:
    """The arguments of a queue from which nothing is lost before `service` has applied it."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue(service).name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def outcome_queue(tenant_id: UUID, upstream: str) -> Queue:
    """What became of one upstream's commands; made with the upstream's account on the broker, and gone with it."""
    key = f"{tenant_id}.{upstream}"
    return Queue(
        f"outcomes.{key}",
        {"x-queue-type": "quorum", "x-max-length": OUTCOMES_KEPT, "x-overflow": "drop-head"},
        [key],
        OUTCOMES,
    )


def inlet(service: str) -> str:
    """The name of the one queue that `service` consumes."""
    return upstream_queue().name if service == COMMANDED else events_queue(service).name


def log_stream() -> Queue:
    """A week of everything but personal facts, for on-call and for others to tap."""
    return Queue(
        LOG,
        {"x-queue-type": "stream", "x-max-age": "7D", "x-stream-max-segment-size-bytes": 50_000_000},
        [routing_key(type_) for type_ in FACTS if type_ not in PERSONAL],
    )


def queues() -> list[Queue]:
    """Every queue that is always there, those that others dead-letter into first."""
    services = list(LISTENERS)
    dead = map(dead_queue, [*services, COMMANDED])
    asked = map(requests_queue, ENDED)
    return [*dead, *map(events_queue, services), upstream_queue(), *asked, log_stream()]

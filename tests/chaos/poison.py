"""Poison: messages that can never apply, alone, between good ones and inside a batch of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import orjson

from usher_contracts.catalogue import LISTENERS
from usher_contracts.envelope import routing_key
from usher_contracts.identity import OrganizationChanged, UserChanged
from usher_contracts.topology import BATCH_CONTENT_TYPE, FACT_CONTENT_TYPE
from usher_kit.ids import new_id
from usher_kit.wire import MAX_BODY_BYTES

from .telling import MARK, Event, Sent, alone, publish

KEY = routing_key(UserChanged.type)
HEARD_BY = tuple(service for service, facts in LISTENERS.items() if UserChanged in facts)
"""The services that hear of people, and so of what is forged here."""


@dataclass(slots=True)
class Poisoner:
    """Forges what is told to the exchange beside the services; `rng` decides in which order."""

    url: str
    rng: Random
    poison: dict[str, str] = field(default_factory=dict)
    """By mark, the reason that its dead letter must bear, in each service of HEARD_BY."""
    forged: set[str] = field(default_factory=set)
    """People of a tenant that only this run speaks for: good facts beside poison. Each must be known to HEARD_BY."""
    tenant: str = field(default_factory=lambda: str(new_id()))

    def found_tenant(self) -> None:
        """Tell of the forged tenant."""
        publish(self.url, [alone(self.organization())])

    def poison_alone(self) -> str:
        """Each kind of message that can never apply, by itself."""
        messages = [*self.bad_bodies(), self.oversized(), self.no_json_in_batch(), self.no_array_in_batch()]
        self.rng.shuffle(messages)
        publish(self.url, messages)
        return f"{len(messages)} poisonous messages alone"

    def poison_in_a_batch(self) -> str:
        """Facts that can never apply in one message with good ones."""
        good = [self.forge() for _ in range(6)]
        bad = [self.wrong_types(), self.no_fact(), self.of_another_tenant(), self.of_future_specification()]
        items: list[Any] = [*good, *bad]
        self.rng.shuffle(items)
        publish(self.url, [Sent(KEY, BATCH_CONTENT_TYPE, {}, orjson.dumps(items))])
        return f"{len(bad)} poisonous facts among {len(good)} good ones in one message"

    def poison_among_good(self) -> str:
        """Messages that can never apply between good ones, as one consumer's batch gathers them."""
        messages = [alone(self.forge()) for _ in range(6)] + [one for _ in range(2) for one in self.bad_bodies()]
        self.rng.shuffle(messages)
        publish(self.url, messages)
        return f"{len(messages) - 6} poisonous messages between 6 good ones"

    def nudge(self) -> None:
        """One poisonous message: every consumer has a batch, and its relay a row."""
        publish(self.url, [alone(self.wrong_types())])

    # What is good, but ours

    def organization(self) -> Event:
        data = {"tenant_id": self.tenant, "id": self.tenant, "name": "Forged", "kind": "district", "version": 1}
        return self.envelope(OrganizationChanged.type, self.tenant, data)

    def forge(self) -> dict[str, Any]:
        """A good fact: a person of the forged tenant."""
        person = str(new_id())
        self.forged.add(person)
        return self.envelope(UserChanged.type, person, self.person(person))

    def person(self, id_: str) -> dict[str, Any]:
        since = "2026-01-01T00:00:00Z"
        role = {"role": "learner", "since": since}
        place = {"tenant_id": self.tenant, "id": id_, "org_id": self.tenant}
        return {**place, "status": "active", "status_since": since, "roles": [role], "version": 1}

    def envelope(self, type_: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
        attributes = {"specversion": "1.0", "id": str(new_id()), "source": "/usher/identity", "type": type_}
        return {
            **attributes,
            "subject": subject,
            "time": "2026-01-01T00:00:00Z",
            "tenantid": self.tenant,
            "data": dict(data),
        }

    # What is bad; each has a mark of its own in its id and in its body, by one of which its letter is known

    def mark(self, reason: str) -> str:
        mark = f"{MARK}{new_id()}"
        self.poison[mark] = reason
        return mark

    def bad_bodies(self) -> list[Sent]:
        """The kinds of message that are bad alone, one of each."""
        broken, future, nothing = self.mark("invalid"), self.mark("unknown_type"), self.mark("unknown_type")
        wrong = self.wrong_types()
        return [
            alone(wrong),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-id": broken}, f'{{"id": "{broken}'.encode()),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-type": UserChanged.type[:-1] + "9", "ce-id": future}, b"{}"),
            Sent(KEY, FACT_CONTENT_TYPE, {"ce-type": 17, "ce-id": nothing}, b"\x00\xff\x00"),
        ]

    def oversized(self) -> Sent:
        mark = self.mark("oversized")
        return Sent(KEY, FACT_CONTENT_TYPE, {"ce-id": mark}, b"[" + b" " * MAX_BODY_BYTES + b"]")

    def no_json_in_batch(self) -> Sent:
        return Sent(KEY, BATCH_CONTENT_TYPE, {}, f'[{{"id": "{self.mark("invalid")}"'.encode())

    def no_array_in_batch(self) -> Sent:
        return Sent(KEY, BATCH_CONTENT_TYPE, {}, orjson.dumps({"id": self.mark("invalid")}))

    def wrong_types(self) -> dict[str, Any]:
        mark = self.mark("invalid")
        bad = self.person(str(new_id())) | {"version": "none", "org_id": mark}
        return self.envelope(UserChanged.type, mark, bad) | {"id": mark}

    def no_fact(self) -> str:
        return self.mark("invalid")

    def of_another_tenant(self) -> dict[str, Any]:
        return self.envelope(UserChanged.type, "x", self.person(str(new_id()))) | {
            "id": self.mark("invalid"),
            "tenantid": str(UUID(int=7)),
        }

    def of_future_specification(self) -> dict[str, Any]:
        return self.envelope(UserChanged.type, "x", self.person(str(new_id()))) | {
            "id": self.mark("invalid"),
            "specversion": "2.0",
        }

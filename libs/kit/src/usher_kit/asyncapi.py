"""The service's AsyncAPI 3 document, made from the contracts: what it sends, what it receives, and over which queue."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from fastapi import APIRouter, Request

from usher_contracts.catalogue import FACTS, LISTENERS
from usher_contracts.envelope import ATTRIBUTES, Event, Fact, routing_key
from usher_contracts.topology import (
    BATCH_CONTENT_TYPE,
    COMMANDED,
    EVENTS,
    FACT_CONTENT_TYPE,
    HEADER_PREFIX,
    OUTCOMES,
    inlet,
)
from usher_contracts.upstream import COMMANDS, Command, Outcome

VERSION = "3.0.0"
SCHEMA_PLACE = "#/components/schemas/"

Message: TypeAlias = Fact | Command

router = APIRouter(tags=["messages"])


@router.get("/asyncapi")
async def asyncapi(request: Request) -> dict[str, Any]:
    """The messages of this service, as AsyncAPI 3."""
    return document(request.app.state.runtime.service)


def document(service: str) -> dict[str, Any]:
    """The AsyncAPI document of one service."""
    sent: list[type[Message]] = [fact for fact in FACTS.values() if fact.type.split(".")[1] == service]
    received: list[type[Message]] = list(LISTENERS.get(service, ()))
    channels = {fact.type: exchange_channel(fact, EVENTS, routing_key(fact.type)) for fact in sent}
    if service == COMMANDED:
        sent.append(Outcome)
        received += [command for command in COMMANDS.values() if command is not Outcome]
        channels[Outcome.type] = exchange_channel(Outcome, OUTCOMES, "{tenant}.{upstream}")
    facts = list(dict.fromkeys([*sent, *received]))
    operations = {f"send {fact.type}": operation("send", fact.type, [fact]) for fact in sent}
    if received:
        queue, what = inlet(service), "commands" if service == COMMANDED else "facts"
        channels[queue] = queue_channel(queue, received)
        operations[f"receive {what}"] = operation("receive", queue, received)
    return {
        "asyncapi": VERSION,
        "info": {"title": f"Usher {service}", "version": "1", "description": described(service)},
        "defaultContentType": FACT_CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": {fact.type: message(fact) for fact in facts}, "schemas": schemas(facts)},
    }


def described(service: str) -> str:
    return (
        f"Facts that {service} sends and receives: CloudEvents 1.0 over AMQP 0.9.1, attributes as headers "
        f"`{HEADER_PREFIX}…`, or many facts of one type as `{BATCH_CONTENT_TYPE}`."
    )


def exchange_channel(fact: type[Message], name: str, key: str) -> dict[str, Any]:
    """A routing key on an exchange."""
    exchange = {"name": name, "type": "topic", "durable": True}
    return {
        "address": key,
        "messages": {fact.type: {"$ref": f"#/components/messages/{fact.type}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def queue_channel(name: str, facts: Iterable[type[Message]]) -> dict[str, Any]:
    """The service's own queue."""
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": name,
        "messages": {fact.type: {"$ref": f"#/components/messages/{fact.type}"} for fact in facts},
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}},
    }


def operation(action: str, channel: str, facts: Iterable[type[Message]]) -> dict[str, Any]:
    """Sending or receiving on a channel."""
    place = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{fact.type}"} for fact in facts],
    }


def message(fact: type[Message]) -> dict[str, Any]:
    """One fact as a message: its attributes as headers, its body by schema."""
    return {
        "name": fact.type,
        "title": fact.__name__,
        "summary": (fact.__doc__ or "").split("\n", maxsplit=1)[0],
        "contentType": FACT_CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {HEADER_PREFIX + name: {"type": "string"} for name in ATTRIBUTES if name in HEADERS},
            "required": [HEADER_PREFIX + name for name in ATTRIBUTES if Event.model_fields[name].is_required()],
        },
        "payload": {"$ref": SCHEMA_PLACE + fact.__name__},
    }


HEADERS = frozenset(ATTRIBUTES) - {"datacontenttype"}
"""`datacontenttype` travels as AMQP's own content-type."""


def schemas(facts: Iterable[type[Message]]) -> dict[str, Any]:
    """The JSON schemas of facts and of what they are made of."""
    found: dict[str, Any] = {}
    for fact in facts:
        schema = fact.model_json_schema(ref_template=SCHEMA_PLACE + "{model}")
        found |= schema.pop("$defs", {})
        found[fact.__name__] = schema
    return found

"""The AsyncAPI documents: in the field's own model, with every reference answered, and every fact sent once."""

from collections.abc import Iterator
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema.schema import ApplicationSchema

from usher_contracts.catalogue import FACTS, LISTENERS
from usher_contracts.upstream import COMMANDS, Outcome
from usher_kit.asyncapi import document

SERVICES = ("identity", "entitlements", "usage", "notifications", "reporting")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def follow(whole: dict[str, Any], reference: str) -> Any:
    found: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_is_whole(service: str) -> None:
    whole = document(service)
    ApplicationSchema.model_validate(whole)
    for reference in references(whole):
        assert follow(whole, reference) is not None


def test_every_fact_has_one_sender_and_its_listeners() -> None:
    documents = {service: document(service)["operations"] for service in SERVICES}
    sent = [name.removeprefix("send ") for operations in documents.values() for name in operations if "send" in name]
    assert sorted(sent) == sorted([*FACTS, Outcome.type])
    for service, facts in LISTENERS.items():
        heard = documents[service]["receive facts"]["messages"]
        assert [message["$ref"].rpartition("/")[2] for message in heard] == [fact.type for fact in facts]


def test_identity_hears_every_command_and_answers_by_the_senders_own_key() -> None:
    whole = document("identity")
    heard = {message["$ref"].rpartition("/")[2] for message in whole["operations"]["receive commands"]["messages"]}
    assert heard == COMMANDS.keys() - {Outcome.type}
    assert whole["channels"][Outcome.type]["address"] == "{tenant}.{upstream}"

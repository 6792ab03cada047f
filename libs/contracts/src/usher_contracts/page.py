"""The catalogue, made from the contracts: every message, its sender, its listeners, an example."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from usher_contracts.catalogue import FACTS, LISTENERS, PERSONAL
from usher_contracts.envelope import Fact, routing_key
from usher_contracts.upstream import COMMANDS, Command

HEAD = """# Catalogue

Made from the contracts by `make contracts`; do not edit. Facts travel on the topic exchange `usher.events` under
their routing key, one by one in CloudEvents' binary mode or many of one type in its JSON Batch Format. Examples show
a whole event: in binary mode `data` is the body and every other member a header `ce-…`.
"""


def render(samples: Path) -> str:
    """The page, with the samples of a folder as examples."""
    parts = [HEAD, "\n## Facts\n", *overview(), *(section(fact, samples) for fact in FACTS.values())]
    parts += ["\n## Commands of upstream systems\n", *(section(command, samples) for command in COMMANDS.values())]
    return "\n".join(parts)


def overview() -> Iterator[str]:
    """A table of every fact."""
    yield "| type | sent by | heard by |\n|---|---|---|"
    for fact in FACTS.values():
        yield f"| [`{fact.type}`](#{anchor(fact.type)}) | {sender(fact)} | {', '.join(listeners(fact)) or 'the log'} |"


def section(contract: type[Fact] | type[Command], samples: Path) -> str:
    """One message: what it says, its fields, an example."""
    lines = [f"\n### {contract.type}\n", (contract.__doc__ or "").strip(), ""]
    if issubclass(contract, Fact):
        heard = ", ".join(listeners(contract)) or "nobody but the log"
        personal = " It carries personal data and is never bound to the log." if contract.type in PERSONAL else ""
        lines.append(f"Routing key `{routing_key(contract.type)}`; heard by {heard}.{personal}")
    lines += ["\n| field | type | |\n|---|---|---|", *fields(contract)]
    example = json.dumps(json.loads((samples / f"{contract.type}.json").read_text()), indent=2)
    return "\n".join([*lines, f"\n```json\n{example}\n```"])


def fields(contract: type[BaseModel]) -> Iterable[str]:
    """A row for each field."""
    schema = contract.model_json_schema()
    required = set(schema.get("required", []))
    for name, value in schema["properties"].items():
        yield f"| `{name}` | {told(value)} | {'required' if name in required else ''} |"


def told(schema: dict[str, object]) -> str:
    """A field's type in a few words."""
    for choice in ("anyOf", "allOf"):
        if isinstance(options := schema.get(choice), list):
            return " or ".join(dict.fromkeys(told(option) for option in options))
    if isinstance(values := schema.get("enum"), list):
        return ", ".join(f"`{value}`" for value in values)
    if isinstance(reference := schema.get("$ref"), str):
        return reference.rpartition("/")[2]
    if isinstance(items := schema.get("items"), dict):
        return f"list of {told(items)}"
    return str(schema.get("format") or schema.get("type") or "any")


def sender(fact: type[Fact]) -> str:
    return fact.type.split(".")[1]


def listeners(fact: type[Fact]) -> list[str]:
    return [service for service, facts in LISTENERS.items() if fact in facts]


def anchor(type_: str) -> str:
    return type_.replace(".", "")

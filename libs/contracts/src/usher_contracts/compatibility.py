"""What a change of a contract would break, by its JSON schema and the last released one (messages: Reliability)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from usher_contracts.catalogue import FACTS
from usher_contracts.envelope import Fact, routing_key
from usher_contracts.upstream import COMMANDS, Command

CONTRACTS: Mapping[str, type[Fact] | type[Command]] = {**FACTS, **COMMANDS}
"""Every message, ours and those that upstream systems send."""

SILENT = frozenset({"title", "description", "default", "examples"})
"""Keywords that say nothing about which values are taken."""

Schema = Mapping[str, Any]


def describe(contract: type[Fact] | type[Command]) -> dict[str, Any]:
    """A message's contract as it is released: its type, routing key and JSON schema without references or prose."""
    schema = contract.model_json_schema()
    return {
        "type": contract.type,
        "routing_key": routing_key(contract.type),
        "schema": plain(schema, schema.get("$defs", {})),
    }


def plain(schema: Any, definitions: Schema) -> Any:
    """`schema` with references resolved and prose left out, so that equal contracts are equal values."""
    if isinstance(schema, list):
        return [plain(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return plain(definitions[reference.rpartition("/")[2]], definitions)
    kept = {key: value for key, value in schema.items() if key not in SILENT | {"$defs", "properties"}}
    result = {key: plain(value, definitions) for key, value in sorted(kept.items())}
    if "properties" in schema:
        result["properties"] = {name: plain(value, definitions) for name, value in sorted(schema["properties"].items())}
    return result


def breaks(released: Schema, current: Schema) -> Iterator[str]:
    """Why one side could not read the other's messages; an added optional field is none of the reasons."""
    if released["routing_key"] != current["routing_key"]:
        yield f"its routing key changed from {released['routing_key']} to {current['routing_key']}"
    yield from differences(released["schema"], current["schema"], "")


def differences(released: Any, current: Any, pointer: str) -> Iterator[str]:
    """Fields that are gone or whose values changed, at any depth."""
    if not (isinstance(released, dict) and isinstance(current, dict)):
        if released != current:
            yield f"{pointer or '/'} changed from {json.dumps(released)} to {json.dumps(current)}"
        return
    then, now = released.get("properties", {}), current.get("properties", {})
    for name in then:
        if name not in now:
            yield f"{pointer}/{name} is removed"
        else:
            yield from differences(then[name], now[name], f"{pointer}/{name}")
    for name in sorted(set(current.get("required", [])) - set(released.get("required", []))):
        yield f"{pointer}/{name} is newly required"
    for key in sorted((released.keys() | current.keys()) - {"properties", "required"}):
        if key in released and key in current and key == "items":
            yield from differences(released[key], current[key], f"{pointer}/*")
        elif released.get(key) != current.get(key):
            was, became = json.dumps(released.get(key)), json.dumps(current.get(key))
            yield f"{pointer or '/'} takes other values: {key} was {was}, is {became}"


def check(folder: Path) -> list[str]:
    """Every breaking change of today's contracts against those released in `folder`; and contracts not yet released."""
    found: list[str] = []
    for path in sorted(folder.glob("*.json")):
        released = json.loads(path.read_text())
        contract = CONTRACTS.get(released["type"])
        if contract is None:
            found.append(f"{released['type']}: no longer in the catalogue")
        else:
            found += [f"{contract.type}: {why}" for why in breaks(released, describe(contract))]
    known = {json.loads(path.read_text())["type"] for path in folder.glob("*.json")}
    found += [f"{type_}: not released yet; run make contracts" for type_ in CONTRACTS if type_ not in known]
    return found


def release(folder: Path) -> list[str]:
    """Write today's contracts into `folder`. Raises ValueError, and writes nothing, where one breaks a released one."""
    folder.mkdir(parents=True, exist_ok=True)
    if broken := [why for why in check(folder) if "not released yet" not in why]:
        raise ValueError("\n".join(broken))
    written = []
    for contract in CONTRACTS.values():
        path = folder / f"{contract.type}.json"
        text = json.dumps(describe(contract), indent=2) + "\n"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            written.append(contract.type)
    return written

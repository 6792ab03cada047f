"""Every operation of every service as its OpenAPI document has it, and requests for it that name what one chooses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx2

from .wants import BODIES, KINDS, PLAIN, QUERIES, UPLOADS

Json: TypeAlias = Any
Schema: TypeAlias = Mapping[str, Any]
Choose: TypeAlias = Callable[["Slot"], str]


class Unfillable(Exception):
    """A parameter of which nobody has said what to put there."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a request where something is named that belongs to somebody."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, with slots where something is named."""

    verb: str
    path: str
    names: Mapping[str, Json] = field(default_factory=dict)
    query: Mapping[str, Json] = field(default_factory=dict)
    body: Json = None
    media_type: str | None = None
    slots: Sequence[Slot] = ()

    def send(
        self, http: httpx2.Client, url: str, choose: Choose, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Send it to the service at `url`, with what `choose` puts into each slot."""
        path = self.path
        for name, value in self.names.items():
            path = path.replace(f"{{{name}}}", put(value, choose))
        content = put(self.body, choose)
        how: dict[str, Any] = {}
        if self.media_type == "multipart/form-data":
            how = {"data": content["data"], "files": content["files"]}
        elif self.media_type == "application/x-www-form-urlencoded":
            how = {"data": content}
        elif self.media_type is not None:
            how = {"json": content}
        if self.media_type and "json" in self.media_type:
            headers = {"content-type": self.media_type, **(headers or {})}
        return http.request(self.verb, url + path, params=put(self.query, choose), headers=headers, **how)


@dataclass(frozen=True)
class Operation:
    """One verb of one path of a service."""

    service: str
    verb: str
    path: str
    told: Schema
    document: Schema

    @property
    def label(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def takes_if_match(self) -> bool:
        return any(one["name"].lower() == "if-match" for one in self.told.get("parameters", ()))

    @property
    def is_write(self) -> bool:
        return self.verb != "GET"

    def request(self) -> Request:
        """A request that the operation takes. Raises Unfillable."""
        return Filling(self).request()

    def unfillable(self) -> Iterator[Unfillable]:
        """What nobody has said what to put there; nothing where a request can be made."""
        try:
            self.request()
        except Unfillable as unfillable:
            yield unfillable


def operations_of(service: str, document: Schema) -> Iterator[Operation]:
    """Every operation that a document tells of."""
    for path, verbs in document["paths"].items():
        for verb, told in verbs.items():
            yield Operation(service, verb.upper(), path, told, document)


class Filling:
    """Makes one request: what names somebody's things becomes a slot, the rest the plainest value that is taken."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._slots: list[Slot] = []

    def request(self) -> Request:
        operation = self._operation
        parameters = operation.told.get("parameters", ())
        names = {one["name"]: self._parameter(one) for one in parameters if one["in"] == "path"}
        query = {
            one["name"]: self._parameter(one)
            for one in parameters
            if one["in"] == "query" and (one.get("required") or one["name"] in KINDS)
        } | self._with_slots(QUERIES.get(operation.label, {}))
        media_type, body = self._body()
        return Request(operation.verb, operation.path, names, query, body, media_type, tuple(self._slots))

    def _parameter(self, one: Schema) -> Json:
        return self._value(one["name"], one["schema"])

    def _body(self) -> tuple[str | None, Json]:
        content = self._operation.told.get("requestBody", {}).get("content", {})
        if not content:
            return None, None
        media_type = next(iter(content))
        if self._operation.label in UPLOADS:
            return media_type, self._with_slots(UPLOADS[self._operation.label])
        for name in (f"{self._operation.service} {self._operation.label}", self._operation.label):
            if name in BODIES:
                return media_type, self._with_slots(BODIES[name])
        return media_type, self._value("", content[media_type]["schema"])

    def _slot(self, kind: str) -> Slot:
        slot = Slot(kind, len(self._slots))
        self._slots.append(slot)
        return slot

    def _with_slots(self, template: Json) -> Json:
        """A body as it was written down, whose `<kind>` are slots."""
        if isinstance(template, Mapping):
            return {name: self._with_slots(value) for name, value in template.items()}
        if isinstance(template, list):
            return [self._with_slots(value) for value in template]
        if isinstance(template, str) and template.startswith("<"):
            return self._slot(template.strip("<>"))
        return template

    def _value(self, name: str, schema: Schema) -> Json:
        schema = self._resolved(schema)
        if "anyOf" in schema or "oneOf" in schema:
            choices = [self._resolved(one) for one in schema.get("anyOf", schema.get("oneOf", ()))]
            return self._value(name, next(one for one in choices if one.get("type") != "null"))
        if schema.get("type") == "array":
            return [self._value(name, schema["items"])]
        if name in KINDS:
            return self._slot(KINDS[name])
        if schema.get("type") == "object":
            return self._object(schema)
        return self._plain(name, schema)

    def _object(self, schema: Schema) -> Json:
        needed = schema.get("required", ())
        return {
            name: self._value(name, one)
            for name, one in schema.get("properties", {}).items()
            if name in needed or name in KINDS
        }

    def _plain(self, name: str, schema: Schema) -> Json:
        if name in PLAIN:
            return PLAIN[name]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case _:
                raise Unfillable(f"{self._operation.label}: what is {name!r}? Say so in wants.py")

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Schema = self._operation.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema


def put(value: Json, choose: Choose) -> Json:
    """The same with what was chosen in place of slots."""
    if isinstance(value, Slot):
        return choose(value)
    if isinstance(value, Mapping):
        return {name: put(one, choose) for name, one in value.items()}
    if isinstance(value, list):
        return [put(one, choose) for one in value]
    return value

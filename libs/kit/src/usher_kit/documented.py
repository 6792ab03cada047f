"""What every operation may answer beside its own answers, said once for all services' OpenAPI: problems (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from usher_kit.idempotency import HEADER, LONGEST_KEY

MEDIA_TYPE = "application/problem+json"
SCHEMA_PLACE = "#/components/schemas/"
UNDERSTOOD_ELSEWHERE = frozenset({"HTTPValidationError", "ValidationError"})
"""The framework's own form of a refusal, which no answer here has."""

MEANINGS = {
    400: "The request can't be read",
    401: "A valid token is needed",
    403: "Not allowed to this caller",
    404: "Not there, or not the caller's to see",
    405: "Not a method of this address",
    409: "In conflict with the current state",
    410: "No longer there",
    412: "Somebody else changed it: the ETag in If-Match is of an older state",
    413: "The body is larger than this address takes",
    415: "Not a form of body that this address takes",
    422: "A value is not valid; `errors` say which",
    429: "Too many tries; wait",
    503: "A server that this needs does not answer; send it again in a moment",
}
WITHOUT_SERVERS = frozenset({"health", "messages"})
"""Tags of what a process answers by itself."""

WRITES = frozenset({"post", "put", "patch", "delete"})

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, the request is done once and answered as the first time",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


class WrongValue(BaseModel):
    """What is wrong with one value of the request."""

    pointer: str = Field(description="Where, as a JSON pointer")
    detail: str


class Problem(BaseModel):
    """What was wrong, where, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    trace_id: str | None = Field(description="To look the request up by; null where it was not traced")
    errors: list[WrongValue] = []


def document_problems(app: FastAPI) -> None:
    """Let the app's OpenAPI say what each operation may answer beside its own answers."""
    as_declared = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(as_declared())
        return as_declared()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def complete(document: dict[str, Any]) -> None:
    """Add to an OpenAPI document, in place, each operation's problems, and the key that makes a write safe to repeat.

    What few operations may answer, such as 410, their routes name themselves: `responses={410: {}}`.
    """
    for path in document["paths"].values():
        for verb, operation in path.items():
            answers = operation["responses"]
            for status in problems_of(verb, operation) | {int(one) for one in answers if int(one) in MEANINGS}:
                if not is_answered_otherwise(answers.get(str(status), {})):
                    answers[str(status)] = {**answers.get(str(status), {}), **problem_answer(status)}
            if verb in WRITES and "security" in operation:
                operation.setdefault("parameters", []).append(KEY_PARAMETER)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in UNDERSTOOD_ELSEWHERE:
        schemas.pop(name, None)
    schemas["WrongValue"] = WrongValue.model_json_schema()
    schemas["Problem"] = Problem.model_json_schema(ref_template=SCHEMA_PLACE + "{model}")
    schemas["Problem"].pop("$defs")


def problems_of(verb: str, operation: Mapping[str, Any]) -> set[int]:
    """The statuses of the problems that an operation may answer by what it takes."""
    parameters = operation.get("parameters", [])
    takes_something = bool(parameters) or "requestBody" in operation
    found = set() if WITHOUT_SERVERS.intersection(operation.get("tags", [])) else {503}
    if takes_something:
        found |= {422}
    if "security" in operation:
        found |= {401, 403}
        found |= {404} if takes_something else set()
    if verb in WRITES:
        found |= {400, 409, 413, 422}
    if any(one["name"] == "if-match" for one in parameters):
        found |= {412}
    return found


def is_answered_otherwise(answer: Mapping[str, Any]) -> bool:
    """Whether a route says itself what its answer of this status looks like."""
    content: Mapping[str, Any] = answer.get("content", {})
    schemas = [str(one.get("schema", {}).get("$ref", "")).removeprefix(SCHEMA_PLACE) for one in content.values()]
    return bool(schemas) and not UNDERSTOOD_ELSEWHERE.intersection(schemas)


def problem_answer(status: int) -> dict[str, Any]:
    return {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_PLACE + "Problem"}}}}

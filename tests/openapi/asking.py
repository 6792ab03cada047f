"""Asks a service for what its OpenAPI document allows, and for what it does not, and looks at every answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .seeding import Known

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MADE_UP = 4
"""One value in so many stays as it was made up; the others name what is there."""

CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})

Headers = Callable[[], dict[str, str]]


@dataclass
class Asked:
    """What came of it: how many requests were sent, how they were answered, and what no document foretold."""

    requests: int = 0
    answers: dict[str, set[int]] = field(default_factory=dict)
    surprises: dict[str, str] = field(default_factory=dict)


def ask_everything(url: str, headers: Headers, known: Known, *, examples: int) -> Asked:
    """Send every operation of the service at `url` some requests: the same ones each time.

    Of each kind, right and wrong, so many `examples` are made up; as many again, and twice, are at the bounds of what
    its values may be.
    """
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=CONFIG)
    asked = Asked()
    with requests.Session() as session:

        def send(case: Any) -> None:
            put_in(case, known)
            asked.requests += 1
            answer = case.call(url, session, headers())
            asked.answers.setdefault(case.operation.label, set()).add(answer.status_code)
            try:
                case.validate_response(answer, CHECKS)
            except FailureGroup as failures:
                for failure in failures.exceptions:
                    asked.surprises.setdefault(f"{case.operation.label}: {failure}", case.as_curl_command())

        for operation in operations_of(schema):
            for mode in modes_of(operation):
                made_up(operation, mode, examples)(send)()
            for case in at_bounds(operation, 2 * examples):
                send(case)
    return asked


def operations_of(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        yield found.ok()


def modes_of(operation: Any) -> list[GenerationMode]:
    """What takes nothing can be given nothing wrong."""
    takes = any(operation.iter_parameters()) or operation.body
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if takes else [GenerationMode.POSITIVE]


def made_up(operation: Any, mode: GenerationMode, examples: int) -> Callable[[Any], Any]:
    """Runs a function with requests of one kind."""
    few = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    strategy = operation.as_strategy(generation_mode=mode)
    return lambda send: few(given(case=strategy)(send))


def at_bounds(operation: Any, count: int) -> Sequence[Any]:
    """Requests with values at their bounds and beyond: `count` of them, from first to last."""
    generation = CONFIG.projects.default.generation_for(operation=operation)
    found = list(
        operation.schema.iter_coverage_cases(
            operation, generation_modes=list(GenerationMode), generation_config=generation
        )
    )
    return found[:: max(1, len(found) // count)]


def put_in(case: Any, known: Known) -> None:
    """Let most of the ids in a request be of what is there."""
    if case.path_parameters:
        case.path_parameters = {name: real(name, value, known) for name, value in case.path_parameters.items()}
    if case.query:
        case.query = {name: real(name, value, known) for name, value in case.query.items()}
    if case.headers:
        case.headers.update({name: real(name.lower(), value, known) for name, value in case.headers.items()})
    if isinstance(case.body, dict | list):
        case.body = replaced("", case.body, known)


def replaced(name: str, value: Any, known: Known) -> Any:
    """The same value with most of its ids of what is there."""
    if isinstance(value, dict):
        return {key: replaced(key, one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(name, one, known) for one in value]
    return real(name, value, known)


def real(name: str, value: Any, known: Known) -> Any:
    """What is there in place of a text, most of the time; the same for the same text."""
    there = known.get(name)
    if not there or not isinstance(value, str):
        return value
    number = crc32(value.encode(errors="replace"))
    return value if number % MADE_UP == 0 else there[number // MADE_UP % len(there)]

"""What a service's OpenAPI says of answers that no route declares itself."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.conditional import IfMatch
from usher_kit.documented import MEDIA_TYPE, document_problems


class Refusal(BaseModel):
    error: str


@pytest.fixture
def operations() -> dict[str, Any]:
    app = FastAPI()
    document_problems(app)

    @app.get("/list")
    async def list_all(access: Authorized) -> None: ...

    @app.put("/thing")
    async def change(access: Authorized, if_match: IfMatch = None) -> None: ...

    @app.get("/link/{token}", responses={410: {}})
    async def follow(token: str) -> None: ...

    @app.post("/others", responses={400: {"model": Refusal}})
    async def answer_as_others_do() -> None: ...

    @app.get("/alive", tags=["health"])
    async def alive() -> None: ...

    found = app.openapi()
    assert app.openapi() is found
    return {path: operation for path, verbs in found["paths"].items() for operation in verbs.values()}


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("/list", {401, 403, 503}),
        ("/thing", {400, 401, 403, 404, 409, 412, 413, 422, 503}),
        ("/link/{token}", {410, 422, 503}),
        ("/others", {409, 413, 422, 503}),
        ("/alive", set()),
    ],
)
def test_problems_go_by_what_an_operation_takes(operations: dict[str, Any], path: str, problems: set[int]) -> None:
    answers = operations[path]["responses"]
    assert {int(status) for status, answer in answers.items() if MEDIA_TYPE in answer.get("content", {})} == problems


def test_a_route_may_answer_in_a_form_of_its_own(operations: dict[str, Any]) -> None:
    assert list(operations["/others"]["responses"]["400"]["content"]) == ["application/json"]


def test_a_write_with_a_token_takes_a_key(operations: dict[str, Any]) -> None:
    taken = {path: [one["name"] for one in operation.get("parameters", [])] for path, operation in operations.items()}
    assert [path for path, names in taken.items() if "Idempotency-Key" in names] == ["/thing"]

"""Logs, spans and dead letters say no values of people and no secrets, whatever goes wrong."""

import io
import traceback
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usher_kit.database import Database
from usher_kit.logging import SHARED, hide_values
from usher_kit.telemetry.discretion import DiscreetExporter, attributes_of, hide
from usher_kit.telemetry.tracing import instrument_engine

from .conftest import TENANT

NAME, MAIL = "Zelda Quist", "zq@mail.example.org"
INSERT = "insert into organization (tenant_id, id, name, kind, status, time_zone, version) values "
ROW = "(:tenant, :tenant, :name, 'district', 'active', 'UTC', 1)"
FAILING = {
    "a row that is there": (f"{INSERT} {ROW}, {ROW}", "ck|pk_organization|cannot affect|duplicate"),
    "a row without what it needs": (f"{INSERT} {ROW.replace(chr(39) + 'UTC' + chr(39), 'null')}", "not-null"),
    "a text that is no number": (f"{INSERT} {ROW.replace(' 1)', ' cast(cast(:name as text) as bigint))')}", "hidden"),
    "a text for a number": ("select :tenant, cast(:name as bigint)", "hidden"),
    "a text that is no id": ("select cast(cast(:name as text) as uuid), :tenant", "hidden"),
}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, ours and libraries'."""
    stream = io.StringIO()
    chain = [*SHARED, hide_values, structlog.processors.JSONRenderer()]
    structlog.configure(processors=chain, logger_factory=structlog.PrintLoggerFactory(stream))
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize(("statement", "says"), FAILING.values(), ids=FAILING)
async def test_an_error_of_the_database_says_no_values(
    statement: str, says: str, database: Database, spans: InMemorySpanExporter, lines: io.StringIO
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(spans)))
    SQLAlchemyInstrumentor().uninstrument()
    instrument_engine(database.engine, provider)
    with pytest.raises(DBAPIError) as caught, provider.get_tracer("test").start_as_current_span("act"):
        async with database.transaction([TENANT]) as conn:
            await conn.execute(text(statement), {"tenant": TENANT, "name": NAME})
    error = caught.value
    structlog.get_logger().error("request.failed", error=repr(error), exc_info=error)
    told = [repr(error), "".join(traceback.format_exception(error)), lines.getvalue()]
    told += [one.to_json() for one in spans.get_finished_spans()]
    assert [one for one in told if NAME in one] == []
    assert len(told) > 4
    assert any(word in repr(error) for word in says.split("|")), repr(error)


class Body(BaseModel):
    name: int
    password: int


def test_an_error_of_validation_says_no_input(lines: io.StringIO) -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"name": f"{NAME}, {MAIL}", "password": "correct horse"})
    structlog.get_logger().error("request.failed", error=repr(caught.value), exc_info=caught.value)
    for mark in (NAME, MAIL, "correct horse"):
        assert mark not in lines.getvalue()
    assert "2 validation errors for Body" in lines.getvalue()


def test_attributes_and_events_of_a_span_are_hidden(spans: InMemorySpanExporter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(spans)))
    url = f"http://identity/v1/users?q={NAME}"
    with (
        pytest.raises(ValueError, match="nobody"),
        provider.get_tracer("test").start_as_current_span("GET", attributes={"http.url": url, "http.status_code": 500}),
    ):
        raise ValueError(f"nobody is {MAIL}, password=hunter2")
    [span] = spans.get_finished_spans()
    assert dict(span.attributes or {}) == {"http.url": "http://identity/v1/users", "http.status_code": 500}
    for mark in (NAME, MAIL, "hunter2"):
        assert mark not in span.to_json()
    assert [one.name for one in span.events] == ["exception"]


ROUTE, USER = "/v1/users/{user_id}/roles", "01a212a9-2f02-7285-8c1b-47a8a75f780e"


@pytest.mark.parametrize(
    ("asked", "route", "told"),
    [
        (f"/v1/users/{USER}/roles?q={MAIL}", ROUTE, f"/v1/users/{USER}/roles"),
        ("http://h:1/v1/users/zelda/roles", ROUTE, "http://h:1/v1/users/{user_id}/roles"),
        ("/v1/zelda/quist", "", "/[hidden]/[hidden]/[hidden]"),
        ("/", "/", "/"),
    ],
)
def test_an_address_is_told_as_far_as_its_route_goes(asked: str, route: str, told: str) -> None:
    attributes = {"http.target": asked} | ({"http.route": route} if route else {})
    assert (attributes_of(attributes, is_served=True) or {})["http.target"] == told


@pytest.mark.parametrize(
    "said",
    [
        f"<{MAIL}> is no address",
        "Authorization: Bearer c2VjcmV0LXNlY3JldA",
        "token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2VjcmV0",
        "amqp://usher:c2VjcmV0@broker.example.org/vhost",
        "/callback?code=c2VjcmV0&state=c2VjcmV0",
        "{'client_secret': 'c2VjcmV0'}",
    ],
)
def test_secrets_and_addresses_are_hidden_in_any_text(said: str) -> None:
    for mark in (MAIL, "c2VjcmV0", "eyJzdWIiOiJzZWNyZXQifQ"):
        assert mark not in hide(said)


@pytest.mark.parametrize(
    "said", ["batch.split", 'relation "person" violates unique constraint "pk_person"', "http://127.0.0.1:8001/v1/me"]
)
def test_what_is_neither_is_said(said: str) -> None:
    assert hide(said) == said

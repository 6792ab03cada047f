"""Every answer of every service is one that its OpenAPI document foretells, whatever it is asked, and none is a failure
of ours. They run after all else on the shared system: what is asked of it here leaves strange things in it."""

import os

import pytest
import requests
from tests.integration.system import SYSTEM, System

from usher_cli.clients.session import Session, open_session

from .asking import Asked, ask_everything
from .seeding import Seeded, seed

pytestmark = [SYSTEM, pytest.mark.long]

TIMES = int(os.environ.get("USHER_OPENAPI_TIMES", "1"))
"""How many times as many requests as `make test` sends."""

SERVICES = ("identity", "entitlements", "usage", "notifications", "reporting", "console")
OPEN_TO_ALL = {
    "identity": {"GET /.well-known/jwks.json", "GET /.well-known/openid-configuration", "POST /oauth/token"},
    "reporting": {"GET /v1/audit/keys"},
    "usage": {"GET /v1/keeps/{token}", "POST /v1/keeps/{token}"},
}
OF_THE_PROCESS = {"GET /healthz", "GET /readyz", "GET /asyncapi"}
LEAST_ANSWERED_WELL = 0.6
"""The share of operations that are asked for something they can do, at least once; without it, little was looked at."""


@pytest.fixture(scope="module")
def seeded(system: System) -> Seeded:
    with open_session(system.around) as session:
        return seed(session)


@pytest.mark.parametrize("service", SERVICES)
def test_a_system_administrator_is_answered_as_documented(service: str, session: Session, seeded: Seeded) -> None:
    asked = ask_everything(
        session.environment.url(service), lambda: bearer(session.credentials.token()), seeded.known, examples=3 * TIMES
    )
    assert not asked.surprises, told(asked)
    done = [operation for operation, statuses in asked.answers.items() if min(statuses) < 300]
    never = {operation: statuses for operation, statuses in asked.answers.items() if operation not in done}
    assert len(done) > LEAST_ANSWERED_WELL * len(asked.answers), "\n".join(
        f"{one}: {how}" for one, how in never.items()
    )


@pytest.mark.parametrize("service", SERVICES[:-1])
def test_an_organizations_administrator_is_answered_as_documented(
    service: str, session: Session, seeded: Seeded
) -> None:
    token = session.credentials.of_person(seeded.admin)["access_token"]
    asked = ask_everything(session.environment.url(service), lambda: bearer(token), seeded.known, examples=TIMES)
    assert not asked.surprises, told(asked)


@pytest.mark.parametrize("service", SERVICES)
def test_who_brings_no_token_is_told_so(service: str, session: Session) -> None:
    url = session.environment.url(service)
    document = requests.get(f"{url}/openapi.json").json()
    operations = {f"{verb.upper()} {path}" for path, verbs in document["paths"].items() for verb in verbs}
    for operation in operations - OF_THE_PROCESS - OPEN_TO_ALL.get(service, set()):
        verb, path = operation.split(" ")
        answer = requests.request(verb, f"{url}{path}")
        assert answer.status_code == 401, operation
        assert "401" in document["paths"][path][verb.lower()]["responses"], operation


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(asked: Asked) -> str:
    return "\n\n".join(f"{what}\n{how}" for what, how in asked.surprises.items())

"""Who calls and what they may see: tokens are checked by identity's keys, roles by the service's own copy."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event
from usher_contracts.identity import HeldRole, OrganizationChanged, Role, UserChanged
from usher_kit.access import Authorized, Guard, find_in_directory
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.directory import apply_organizations, apply_people
from usher_kit.documented import MEDIA_TYPE
from usher_kit.errors import Unauthenticated
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.problems import add_problem_handlers
from usher_kit.tokens import AUDIENCE, MOST_KEPT, Verified, Verifier

from .conftest import DAY

ISSUER = "https://id.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
DISTRICT, NORTH, SOUTH, ELSEWHERE = (UUID(int=number) for number in (1, 2, 3, 9))
ADMIN, REPORTER, LEARNER, STRANGER, OPERATOR = (UUID(int=number) for number in (101, 102, 103, 104, 105))


async def keys(*, look_again: bool) -> KeySet:
    return KeySet([KEY])


def token(key: Any = KEY, algorithm: str = "ES256", **changed: Any) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": (DAY + timedelta(minutes=5)).timestamp(), **changed}
    return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])


def confused(**claims: Any) -> str:
    """A token signed by a shared secret that is really the public key: the library itself refuses to make one."""
    _, body, _ = token(**claims).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode().rstrip("=")
    signed = hmac.new(KEY.as_pem(private=False), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"


def of(user: UUID, tenant: UUID = DISTRICT) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(sub=str(user), tenant=str(tenant))}"}


def organization(id_: UUID, parent: UUID | None, tenant: UUID) -> Event[OrganizationChanged]:
    fact = OrganizationChanged(tenant_id=tenant, id=id_, name="A", kind="school", parent_id=parent, version=1)
    return Event.of(fact, id=new_id(), at=DAY, cause=Cause())


def person(id_: UUID, org: UUID, role: Role, tenant: UUID = DISTRICT) -> Event[UserChanged]:
    held = (HeldRole(role=role, since=DAY),)
    fact = UserChanged(tenant_id=tenant, id=id_, org_id=org, status="active", status_since=DAY, roles=held, version=1)
    return Event.of(fact, id=new_id(), at=DAY, cause=Cause())


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
    async with database.transaction([DISTRICT, ELSEWHERE, OPERATORS_TENANT]) as conn:
        await apply_organizations(
            conn,
            [
                organization(DISTRICT, None, DISTRICT),
                organization(NORTH, DISTRICT, DISTRICT),
                organization(SOUTH, DISTRICT, DISTRICT),
                organization(ELSEWHERE, None, ELSEWHERE),
                organization(OPERATORS_TENANT, None, OPERATORS_TENANT),
            ],
            DAY,
        )
        await apply_people(
            conn,
            [
                person(ADMIN, DISTRICT, "org_admin"),
                person(REPORTER, NORTH, "reporter"),
                person(LEARNER, NORTH, "learner"),
                person(STRANGER, DISTRICT, "system_admin"),
                person(OPERATOR, OPERATORS_TENANT, "system_admin", OPERATORS_TENANT),
            ],
            DAY,
        )
    app = FastAPI()
    add_problem_handlers(app)
    app.state.guard = Guard(database, Verifier(keys, ISSUER, FixedClock(DAY)), find_in_directory)

    @app.get("/seen", dependencies=[scoped("users:read")])
    async def seen(access: Authorized, org_id: UUID | None = None) -> dict[str, Any]:
        async with access.transaction() as conn:
            scope = await access.scope(conn, org_id, "org_admin", "reporter")
        units = None if scope.units is None else sorted(unit.int for unit in scope.units)
        return {"tenants": sorted(tenant.int for tenant in scope.tenants), "units": units}

    @app.get("/closed")
    async def closed(access: Authorized) -> str:
        return access.caller.actor

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("story", "who", "tenant", "asked", "units"),
    [
        ("an administrator sees their organization and its units", ADMIN, DISTRICT, None, [1, 2, 3]),
        ("one unit when they ask for it", ADMIN, DISTRICT, SOUTH, [3]),
        ("a school's reporter sees the school", REPORTER, DISTRICT, None, [2]),
        ("a system administrator sees every tenant", OPERATOR, OPERATORS_TENANT, None, None),
        ("or the one asked for", OPERATOR, OPERATORS_TENANT, ELSEWHERE, [9]),
    ],
)
async def test_what_may_be_seen(
    client: AsyncClient, story: str, who: UUID, tenant: UUID, asked: UUID | None, units: list[int] | None
) -> None:
    answer = await client.get("/seen", params={"org_id": str(asked)} if asked else {}, headers=of(who, tenant))
    assert answer.status_code == 200, story
    assert answer.json()["units"] == units, story


@pytest.mark.parametrize(
    ("story", "who", "tenant", "asked", "status"),
    [
        ("a sibling is not told to exist", REPORTER, DISTRICT, SOUTH, 404),
        ("nor the parent", REPORTER, DISTRICT, DISTRICT, 404),
        ("nor another tenant", ADMIN, DISTRICT, ELSEWHERE, 404),
        ("a learner reads no reports", LEARNER, DISTRICT, None, 403),
        ("system_admin counts among the operators alone", STRANGER, DISTRICT, None, 403),
        ("somebody unknown", UUID(int=77), DISTRICT, None, 401),
        ("a person of another tenant than the token says", ADMIN, ELSEWHERE, None, 401),
    ],
)
async def test_what_may_not_be_seen(
    client: AsyncClient, story: str, who: UUID, tenant: UUID, asked: UUID | None, status: int
) -> None:
    answer = await client.get("/seen", params={"org_id": str(asked)} if asked else {}, headers=of(who, tenant))
    assert answer.status_code == status, story
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert {"type", "title", "status", "detail", "trace_id"} <= answer.json().keys()


WHO = {"sub": str(ADMIN), "tenant": str(DISTRICT)}
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


@pytest.mark.parametrize(
    ("story", "bad"),
    [
        ("expired", token(**WHO, exp=(DAY - timedelta(minutes=5)).timestamp())),
        ("signed by another key", token(OTHER_KEY, **WHO)),
        ("the public key used as a shared secret", confused(**WHO)),
        ("another audience", token(**WHO, aud="elsewhere")),
        ("another issuer", token(**WHO, iss="https://elsewhere.example.org")),
        ("no signature", token(**WHO).rsplit(".", 1)[0] + "."),
        ("no token", "nonsense"),
        ("no subject", token(tenant=str(DISTRICT))),
        ("a subject that is no id", token(sub="ada", tenant=str(DISTRICT))),
    ],
)
async def test_a_token_that_proves_nothing_is_refused(client: AsyncClient, story: str, bad: str) -> None:
    answer = await client.get("/seen", headers={"Authorization": f"Bearer {bad}"})
    assert answer.status_code == 401, story


async def test_a_changed_role_governs_the_next_request(client: AsyncClient, database: Database) -> None:
    assert (await client.get("/seen", headers=of(LEARNER))).status_code == 403
    promoted = person(LEARNER, NORTH, "reporter").data.model_copy(update={"version": 2})
    async with database.transaction([DISTRICT]) as conn:
        await apply_people(conn, [Event.of(promoted, id=new_id(), at=DAY, cause=Cause())], DAY)
    assert (await client.get("/seen", headers=of(LEARNER))).status_code == 200


async def test_a_token_seen_before_still_ends_and_falls_with_its_key() -> None:
    published, clock, asked = [KEY], FixedClock(DAY), [0]

    async def changing(*, look_again: bool) -> KeySet:
        asked[0] += look_again
        return KeySet(list(published))

    verifier, given = Verifier(changing, ISSUER, clock), token(**WHO)
    for _ in range(2):
        assert (await verifier.read(given)).user_id == ADMIN
    published[:] = [OTHER_KEY]
    with pytest.raises(Unauthenticated):
        await verifier.read(given)
    assert asked == [1]
    published[:] = [KEY]
    assert (await verifier.read(given)).user_id == ADMIN
    clock.move_to(DAY + timedelta(minutes=6))
    with pytest.raises(Unauthenticated):
        await verifier.read(given)


def test_tokens_are_not_remembered_without_end() -> None:
    keyset, seen = KeySet([KEY]), Verified()
    for number in range(MOST_KEPT + 5):
        seen.keep(str(number), keyset, {})
    assert seen.find(str(MOST_KEPT + 4), keyset) == {}
    assert seen.find("0", keyset) is None


def machine(scope: str, org: UUID = NORTH, **claims: Any) -> dict[str, str]:
    told = {"sub": "hr", "client_id": "hr", "scope": scope, "client_tenant": str(DISTRICT), "client_org": str(org)}
    signed = token(**{name: value for name, value in {**told, **claims}.items() if value is not None})
    return {"Authorization": f"Bearer {signed}"}


@pytest.mark.parametrize(
    ("story", "scope", "org", "path", "status"),
    [
        ("where it is bound", "users:read", NORTH, "/seen", 200),
        ("a sibling is not told to exist", "users:read", NORTH, f"/seen?org_id={SOUTH}", 404),
        ("nor another tenant", "users:read", DISTRICT, f"/seen?org_id={ELSEWHERE}", 404),
        ("another scope opens nothing here", "reports:read", DISTRICT, "/seen", 403),
        ("no scope opens nothing", "", DISTRICT, "/seen", 403),
        ("the deployment's scopes open nothing to a machine", "admin check", DISTRICT, "/seen", 403),
        ("nor beside its own", "admin check users:read", NORTH, f"/seen?org_id={ELSEWHERE}", 404),
        ("what names no scope is closed, whatever it asks", "admin check users:read", DISTRICT, "/closed", 403),
    ],
)
async def test_a_machine_does_what_its_scope_opens_and_nothing_else(
    client: AsyncClient, story: str, scope: str, org: UUID, path: str, status: int
) -> None:
    answer = await client.get(path, headers=machine(scope, org))
    assert answer.status_code == status, story
    if status == 200:
        assert answer.json() == {"tenants": [DISTRICT.int], "units": [NORTH.int]}


@pytest.mark.parametrize(
    "claims",
    [
        {"client_org": None},
        {"client_tenant": None},
        {"client_tenant": "none"},
        {"tenant": str(DISTRICT), "sub": str(ADMIN)},
    ],
)
async def test_half_a_machine_is_nobody(client: AsyncClient, claims: dict[str, Any]) -> None:
    """Its claims unread, its token would be that of a client of the deployment's, whom scopes open every tenant."""
    answer = await client.get("/closed", headers=machine("admin check", **claims))
    assert answer.status_code == 401

"""Who has no token, or one that is none of ours, is told the same by every operation: to sign in."""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.integration.system import SYSTEM

from usher_identity.oidc.keys import ALGORITHM, opened
from usher_identity.store.clients import load_keys
from usher_kit.database import async_url

from .conftest import Two
from .operations import Operation
from .walking import TRACE

pytestmark = SYSTEM

OPEN = {
    **dict.fromkeys(("GET /healthz", "GET /readyz", "GET /asyncapi"), "of the program, and of nobody's data"),
    **dict.fromkeys(
        ("GET /.well-known/openid-configuration", "GET /.well-known/jwks.json", "GET /v1/audit/keys"),
        "public keys, and where to sign in",
    ),
    **dict.fromkeys(("GET /v1/keeps/{token}", "POST /v1/keeps/{token}"), "the link of a mail is what is signed"),
    "POST /oauth/token": "a client proves itself by its secret",
}
"""Operations that ask for no token, each with why."""


def key_of(two: Two) -> ECKey:
    """The key that identity signs with."""

    async def read() -> ECKey:
        engine = create_async_engine(async_url(two.system.databases["identity"]), poolclass=NullPool)
        async with engine.connect() as conn:
            stored = min(await load_keys(conn), key=lambda one: one.signs_from)
        await engine.dispose()
        return opened(stored, two.system.settings.get("USHER_KEY_SECRET", ""))

    return asyncio.run(read())


def forgeries(two: Two) -> Mapping[str, str | None]:
    """What is sent in place of an administrator's token, by what is wrong with it."""
    key, other = key_of(two), ECKey.generate_key("P-256")
    head, body, signature = two.token(two.one, "admin").split(".")
    header, claims = unpacked(head), unpacked(body)

    def signed(by: ECKey, kid: str = header["kid"], **changed: Any) -> str:
        return jwt.encode({**header, "kid": kid}, {**claims, **changed}, by, algorithms=[ALGORITHM])

    endless = {name: value for name, value in claims.items() if name != "exp"}
    shared = f"{packed({**header, 'alg': 'HS256'})}.{body}"
    mac = hmac.new(key.as_pem(private=False), shared.encode(), hashlib.sha256).digest()
    return {
        "missing": None,
        "no token at all": "token",
        "unsigned": f"{packed({**header, 'alg': 'none'})}.{body}.",
        "signed by our public key as if it were a secret": f"{shared}.{encoded(mac)}",
        "another's signature under our key's name": signed(other),
        "a key that nobody knows": signed(other, other.thumbprint()),
        "expired": signed(key, iat=1_600_000_000, exp=1_600_000_600),
        "without an end": jwt.encode(header, endless, key, algorithms=[ALGORITHM]),
        "of another issuer": signed(key, iss="https://elsewhere.example"),
        "for another audience": signed(key, aud="elsewhere"),
        "changed after it was signed": f"{head}.{packed({**claims, 'tenant': two.other.id})}.{signature}",
        "cut off": f"{head}.{body}.{signature[:-8]}",
    }


def packed(value: Mapping[str, Any]) -> str:
    return encoded(orjson.dumps(value))


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def unpacked(part: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture(scope="module")
def forged(two: Two) -> Mapping[str, str | None]:
    return forgeries(two)


def test_the_key_signs_tokens_that_are_taken(two: Two) -> None:
    head, body, _ = two.token(two.one, "admin").split(".")
    again = jwt.encode(unpacked(head), unpacked(body), key_of(two), algorithms=[ALGORITHM])
    for service, path in (("identity", "/v1/users"), ("reporting", "/v1/claims")):
        url = two.session.environment.url(service) + path
        assert two.http.get(url, headers={"Authorization": f"Bearer {again}"}).status_code == 200


def test_no_operation_takes_a_token_that_is_none_of_ours(
    two: Two, operations: Sequence[Operation], forged: Mapping[str, str | None]
) -> None:
    found: list[str] = []
    told: set[tuple[str, str]] = set()
    before = two.books.digests(two.one.id)
    for operation in operations:
        if operation.label in OPEN:
            continue
        request, url = operation.request(), two.session.environment.url(operation.service)
        for wrong, token in forged.items():
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = request.send(two.http, url, lambda slot: two.one.things[slot.kind][0], headers)
            told.add((wrong, TRACE.sub("", answer.text)))
            if answer.status_code != 401 or "www-authenticate" not in answer.headers:
                found.append(f"{operation.service} {operation.label}, {wrong}: {answer.status_code}")
    assert not found, "\n".join(found)
    assert len(told) == len(forged), "each is told alike everywhere"
    assert two.books.digests(two.one.id) == before
    assert OPEN.keys() <= {operation.label for operation in operations}

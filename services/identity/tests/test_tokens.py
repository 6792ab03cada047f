"""Tokens: what is taken as one, how long, and by which keys."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.oidc.grants import EXCHANGE
from usher_identity.oidc.keys import KeyRing, rotate_keys
from usher_identity.oidc.tokens import USER_ID_TYPE
from usher_identity.preparing import prepare
from usher_kit.runtime import Runtime

from .story import CHECK_SECRET, CLI_SECRET, ISSUER, Caller, House, ok


def claims(house: House, **changes: Any) -> dict[str, Any]:
    at = int(house.runtime.clock.now().timestamp())
    return {"iss": ISSUER, "aud": "usher", "sub": "cli", "scope": "admin", "iat": at, "exp": at + 600, **changes}


async def is_taken(house: House, token: str) -> bool:
    status = (await Caller(house.http, token).ask("GET", "/v1/doctor")).status_code
    assert status in {200, 401}
    return status == 200


def encoded(part: dict[str, Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=")


async def test_an_unsigned_token_is_refused(house: House) -> None:
    for header in ({"alg": "none"}, {"alg": "None", "typ": "JWT"}):
        assert not await is_taken(house, f"{encoded(header)}.{encoded(claims(house))}.")


async def test_a_public_key_is_no_shared_secret(house: House) -> None:
    [published, *_] = ok(await house.http.get("/.well-known/jwks.json"))["keys"]
    public = ECKey.import_key(published)
    for secret in (public.as_pem(private=False), public.as_der(private=False), orjson.dumps(published)):
        signed = f"{encoded({'alg': 'HS256', 'kid': published['kid']})}.{encoded(claims(house))}"
        mac = hmac.digest(secret, signed.encode(), "sha256")
        assert not await is_taken(house, f"{signed}.{urlsafe_b64encode(mac).decode().rstrip('=')}")


async def test_another_key_is_refused_though_it_claims_our_id(house: House) -> None:
    [published, *_] = ok(await house.http.get("/.well-known/jwks.json"))["keys"]
    header = {"alg": "ES256", "kid": published["kid"]}
    assert not await is_taken(house, jwt.encode(header, claims(house), ECKey.generate_key("P-256")))


@pytest.mark.parametrize("change", [{"aud": "console"}, {"iss": "https://evil.test"}, {"exp": 0}])
async def test_a_token_for_others_or_of_the_past_is_refused(house: House, change: dict[str, Any]) -> None:
    ring = house.keys
    key = await ring.signing(house.runtime.clock.now())
    header = {"alg": "ES256", "kid": key.kid}
    assert await is_taken(house, jwt.encode(header, claims(house), key))
    assert not await is_taken(house, jwt.encode(header, claims(house, **change), key))


async def test_a_token_lives_ten_minutes(house: House) -> None:
    token = house.system.token
    house.pass_time(minutes=10)
    assert await is_taken(house, token), "clocks may differ a little"
    house.pass_time(minutes=1)
    assert not await is_taken(house, token)


async def test_a_token_says_who_not_what(house: House) -> None:
    admin = await house.as_person(await house.person("nora", roles=["org_admin"]))
    payload = admin.token.split(".")[1]
    said = orjson.loads(jwt_part(payload))
    assert sorted(said) == ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "tenant"]


def jwt_part(payload: str) -> bytes:
    return urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


async def test_a_client_gets_no_scope_but_its_own(house: House) -> None:
    wide = await house.token("check", CHECK_SECRET, grant_type="client_credentials", scope="admin")
    assert wide.json()["error"] == "invalid_scope"
    own = ok(await house.token("check", CHECK_SECRET, grant_type="client_credentials"))
    assert (own["scope"], own["expires_in"], own["token_type"]) == ("check", 600, "Bearer")


@pytest.mark.parametrize(
    ("client_id", "secret"), [("cli", "wrong"), ("nobody", CLI_SECRET), ("", ""), ("check", CLI_SECRET)]
)
async def test_a_client_proves_itself(house: House, client_id: str, secret: str) -> None:
    answer = await house.token(client_id, secret, grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_garbled_credentials_are_a_clients_error(house: House) -> None:
    headers = {"Authorization": "Basic ////"}
    answer = await house.http.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=headers)
    assert answer.status_code in {400, 401}


async def test_an_exchange_is_for_administrators_and_active_people(house: House) -> None:
    ada = await house.person("ada")
    exchange = {"grant_type": EXCHANGE, "subject_token": ada["id"], "subject_token_type": USER_ID_TYPE}
    assert (await house.token("check", CHECK_SECRET, **exchange)).json()["error"] == "unauthorized_client"
    nobody = {**exchange, "subject_token": str(UUID(int=7))}
    assert (await house.token("cli", CLI_SECRET, **nobody)).json()["error"] == "invalid_grant"
    await house.system.patch(f"/v1/users/{ada['id']}", status="suspended")
    assert (await house.token("cli", CLI_SECRET, **exchange)).json()["error"] == "invalid_grant"


async def test_keys_rotate_without_refusing_anybody(house: House) -> None:
    period = timedelta(days=house.runtime.settings.key_days)
    before = ok(await house.http.get("/.well-known/jwks.json"))["keys"]
    house.pass_time(seconds=period.total_seconds() - 60)
    old = await house.client("cli", CLI_SECRET)
    house.pass_time(minutes=2)
    await rotate_keys(house.runtime)
    fresh = await house.client("cli", CLI_SECRET)
    old_id, new_id = (orjson.loads(jwt_part(one.token.split(".")[0]))["kid"] for one in (old, fresh))
    assert {old_id, new_id} == {key["kid"] for key in before}, "the next key was published ahead"
    assert await is_taken(house, old.token)
    assert await is_taken(house, fresh.token)


async def test_no_private_part_is_published(house: House) -> None:
    for key in ok(await house.http.get("/.well-known/jwks.json"))["keys"]:
        assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x", "y"]


async def test_a_secret_encrypts_the_keys_at_rest(runtime: Runtime) -> None:
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        await conn.execute(text("delete from signing_key"))
    secret = runtime.settings.model_copy(update={"key_secret": type(runtime.settings.key_secret)("a secret")})
    sealed = Runtime("identity", secret, runtime.database, runtime.clock, runtime.redis, runtime.loops)
    await rotate_keys(sealed)
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        kept = (await conn.scalars(text("select private_key from signing_key"))).all()
    assert all("ENCRYPTED" in pem for pem in kept)
    assert (await KeyRing(runtime.database, "a secret").signing(runtime.clock.now())).is_private
    with pytest.raises(ValueError, match=r"password|decrypt"):
        await KeyRing(runtime.database, "another secret").open()


async def test_a_second_start_changes_nothing(house: House) -> None:
    await house.told()
    before = ok(await house.http.get("/.well-known/jwks.json"))
    await prepare(house.runtime)
    assert await house.told() == []
    assert ok(await house.http.get("/.well-known/jwks.json")) == before

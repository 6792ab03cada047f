"""Signing keys change under load: whoever brings a token of before, of the moment or of after is let in, everywhere."""

import asyncio
from datetime import timedelta

import orjson
from joserfc.jwk import KeySet

from usher_identity.oidc.keys import KeyRing, rotate_keys
from usher_kit.tokens import Verifier

from .story import CLI_SECRET, ISSUER, House, ok
from .test_tokens import jwt_part

CALLERS = 4


class Elsewhere:
    """Another service's keys: as identity publishes them, and read again only for a token that does not pass."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._keys: KeySet | None = None
        self.reads = 0

    async def __call__(self, *, look_again: bool) -> KeySet:
        if self._keys is None or look_again:
            self.reads += 1
            self._keys = KeySet.import_key_set(ok(await self._house.http.get("/.well-known/jwks.json")))
        return self._keys


async def test_a_rotation_under_load_refuses_nobody(house: House) -> None:
    """Two processes of identity sign, and neither reads anew; another service checks all along."""
    clock, period = house.runtime.clock, timedelta(days=house.runtime.settings.key_days)
    elsewhere, other_process = Elsewhere(house), KeyRing(house.runtime.database, "")
    verifier = Verifier(elsewhere, ISSUER, clock)
    await other_process.open()
    house.pass_time(seconds=period.total_seconds() - 60)
    tokens: list[str] = []

    async def call() -> None:
        for _ in range(2):
            tokens.append((await house.client("cli", CLI_SECRET)).token)
            for token in tokens:
                await verifier.read(token)

    await call()
    house.pass_time(seconds=90)
    await asyncio.gather(*(call() for _ in range(CALLERS)), rotate_keys(house.runtime))
    await call()
    for token in tokens:
        await verifier.read(token)
        answer = await house.http.get("/v1/organizations", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    before, after = kid(tokens[0]), kid(tokens[-1])
    assert before != after, "the key changed amid the tokens"
    assert (await other_process.signing(clock.now())).kid == after, "and everywhere at the same moment"
    assert elsewhere.reads == 1, "it was published so long ahead that nobody had to look for it"


def kid(token: str) -> str:
    found: str = orjson.loads(jwt_part(token.split(".", maxsplit=1)[0]))["kid"]
    return found

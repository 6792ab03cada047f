"""Other issuers: their discovery documents and keys, read through the outbound guard and kept for a while."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from pydantic import BaseModel, ConfigDict, ValidationError

from usher_kit.errors import Invalid
from usher_kit.outbound.addresses import MisnamedError, Place
from usher_kit.outbound.fetching import NotFetched, Outbound

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Of public keys alone: neither `none` nor anything by a shared secret."""
KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
SMALLEST_RSA = 2048

FRESH_SECONDS = 600.0
"""How long a discovery document and keys are used before they are read again."""
RETRY_SECONDS = 30.0
"""How soon keys are read again when a token names one that is not among them."""
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
MOST_KEPT = 1_000


class Discovery(BaseModel):
    """What an issuer says of itself (OpenID Connect Discovery), as far as it matters here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class NotThatIssuer(Invalid):
    """An issuer that does not say of itself what one has to say."""

    slug = "not_that_issuer"
    title = "Not an OpenID provider"


class WrongToken(Exception):
    """A token that is not the issuer's, or not one for us. Its text is for the log."""


@dataclass(slots=True)
class Issuer:
    """What is known of one issuer, and since when."""

    discovery: Discovery
    keys: KeySet
    read_at: float
    keys_read_at: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Issuers:
    """The issuers that this process has met. What an issuer says is asked again at most every few seconds."""

    now: Callable[[], float] = monotonic
    _known: dict[str, Issuer] = field(default_factory=dict)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def meet(self, outbound: Outbound, issuer: str, *, anew: bool = False) -> Issuer:
        """The issuer. Raises AddressRefused, NotFetched or NotThatIssuer."""
        known = self._known.get(issuer)
        if known and not anew and self.now() - known.read_at < FRESH_SECONDS:
            return known
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
            self._asking.clear()
        async with self._asking.setdefault(issuer, asyncio.Lock()):
            known = self._known.get(issuer)
            if known is None or anew or self.now() - known.read_at >= FRESH_SECONDS:
                discovery = await discover(outbound, issuer)
                keys = await read_keys(outbound, discovery.jwks_uri)
                self._known[issuer] = Issuer(discovery, keys, self.now(), self.now())
        return self._known[issuer]

    async def decode(self, outbound: Outbound, issuer: str, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that one of the issuer's keys signed. Raises WrongToken, or as `meet` does.

        A key that is not known is looked for once more, and then not again for a while.
        """
        known = await self.meet(outbound, issuer)
        try:
            return decoded(token, known.keys)
        except WrongToken:
            if not await self._look_again(outbound, known):
                raise
        return decoded(token, known.keys)

    async def _look_again(self, outbound: Outbound, known: Issuer) -> bool:
        """Whether keys were read anew since a token did not pass."""
        read_at = known.keys_read_at
        async with known.lock:
            if known.keys_read_at != read_at:
                return True
            if self.now() - known.keys_read_at < RETRY_SECONDS:
                return False
            known.keys_read_at = self.now()
            known.keys = await read_keys(outbound, known.discovery.jwks_uri)
        return True


async def discover(outbound: Outbound, issuer: str) -> Discovery:
    """What `issuer` says of itself. Raises NotThatIssuer where it names another one, or lacks something."""
    answer = await outbound.fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration", most_bytes=MOST_BYTES)
    try:
        found = Discovery.model_validate(document(answer))
        Place.of(found.authorization_endpoint)
    except (ValidationError, MisnamedError) as error:
        raise NotThatIssuer(
            "There is no discovery document there, or it lacks something.", pointer="/issuer"
        ) from error
    if found.issuer != issuer:
        raise NotThatIssuer(f"It calls itself {found.issuer[:200]}: give just that.", pointer="/issuer")
    return found


async def read_keys(outbound: Outbound, url: str) -> KeySet:
    """The public keys at `url` that tokens may be signed by. Raises NotFetched where there are none."""
    said = document(await outbound.fetch(url, most_bytes=MOST_BYTES))
    listed = said.get("keys")
    usable = [one for one in listed[:MOST_KEYS] if is_usable(one)] if isinstance(listed, list) else []
    try:
        keys = [key for key in KeySet.import_key_set({"keys": usable}).keys if not is_weak(key)]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotFetched("The provider's keys cannot be read.") from error
    return KeySet(keys)


def is_usable(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig" and "d" not in key


def is_weak(key: object) -> bool:
    return isinstance(key, RSAKey) and key.public_key.key_size < SMALLEST_RSA


def document(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer. Raises NotFetched for anything else."""
    try:
        found = answer.json() if answer.is_success else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotFetched(f"{answer.url.host} did not answer as a provider does ({answer.status_code}).")
    return found


def decoded(token: str, keys: KeySet) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that one of `keys` signed. Raises WrongToken."""
    try:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongToken(f"signature: {type(error).__name__}") from error
    return dict(found.header), dict(found.claims)

"""Signing keys: made, kept in the database, rotated without a gap, and given to whoever signs or checks a token."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from joserfc.jwk import ECKey, KeySet

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.signing_keys import KeyTimes, plan, signing
from usher_identity.settings import IdentitySettings
from usher_identity.store.clients import StoredKey, add_key, load_keys, lock_provider, remove_keys
from usher_kit.database import Database
from usher_kit.runtime import Runtime

ALGORITHM = "ES256"
FRESH_SECONDS = 60.0
RETRY_SECONDS = 1.0
"""How soon keys are read again when a token names one that is not known."""


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key that can sign."""

    key: ECKey
    times: KeyTimes


class KeyRing:
    """Identity's own keys, for its guard, its JWKS and its tokens; read from the database, kept for a minute."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret
        self._keys: dict[str, OpenKey] = {}
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def __call__(self, *, look_again: bool) -> KeySet:
        """The keys that a token may be signed by (kit's `KeySource`)."""
        return KeySet([one.key for one in await self.open(look_again=look_again)])

    async def open(self, *, look_again: bool = False) -> Sequence[OpenKey]:
        """Every key, the next one and those just retired included."""
        limit = RETRY_SECONDS if look_again else FRESH_SECONDS
        if monotonic() - self._read_at > limit:
            async with self._lock:
                if monotonic() - self._read_at > limit:
                    await self._read()
        return list(self._keys.values())

    async def signing(self, at: datetime) -> ECKey:
        """The key that signs at `at`."""
        keys = {one.times: one.key for one in await self.open()}
        return keys[signing(list(keys), at)]

    async def published(self) -> dict[str, Any]:
        """The JWKS document: public parts alone."""
        named = {"use": "sig", "alg": ALGORITHM}
        return {"keys": [one.key.as_dict(private=False, **named) for one in await self.open()]}

    async def _read(self) -> None:
        async with self._database.transaction([OPERATORS_TENANT]) as conn:
            stored = await load_keys(conn)
        known = self._keys
        self._keys = {
            one.id: known.get(one.id) or OpenKey(opened(one, self._secret), KeyTimes(one.id, one.signs_from))
            for one in stored
        }
        self._read_at = monotonic()


def opened(stored: StoredKey, secret: str) -> ECKey:
    """The key, decrypted. Raises ValueError where the secret is not the one that it was encrypted by."""
    password = secret if stored.is_encrypted else None
    return ECKey.import_key(stored.private_key, {"kid": stored.id, "alg": ALGORITHM, "use": "sig"}, password)


def sealed(key: ECKey, secret: str, signs_from: datetime) -> StoredKey:
    """The key as it is kept: encrypted where there is a secret."""
    pem = key.as_pem(private=True, password=secret or None).decode()
    return StoredKey(key.thumbprint(), pem, bool(secret), signs_from)


async def rotate_keys(runtime: Runtime) -> bool:
    """Make the keys that are due and remove those long retired. Answers that there is no more to do."""
    settings: IdentitySettings = runtime.settings
    at = runtime.clock.now()
    async with runtime.database.transaction([OPERATORS_TENANT]) as conn:
        await lock_provider(conn)
        stored = [KeyTimes(one.id, one.signs_from) for one in await load_keys(conn)]
        due = plan(stored, timedelta(days=settings.key_days), at)
        for signs_from in due.create:
            key = ECKey.generate_key("P-256")
            await add_key(conn, sealed(key, settings.key_secret.get_secret_value(), signs_from), at)
        await remove_keys(conn, due.remove)
    return False


def key_ring(runtime: Runtime) -> KeyRing:
    """The ring of a process."""
    return KeyRing(runtime.database, runtime.settings.key_secret.get_secret_value())

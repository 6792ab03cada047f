"""Signed checkpoints: what a log was at a moment, in a form that can be kept anywhere (JWS, Ed25519)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import TypeAdapter, ValidationError

from usher_kit.audit_log.chain import Signed, Statement
from usher_kit.audit_log.verification import Checkpoint, Finding

ALGORITHM = "Ed25519"
TYPE = "usher-audit-checkpoint"
SEED_BYTES = 32
STATEMENT = TypeAdapter(Statement)


class NotOurs(ValueError):
    """A checkpoint that none of the known keys has signed, or that says nothing."""


class Signer:
    """Signs checkpoints by one key, and gives the public keys that they are checked by."""

    def __init__(self, seed: str, former: Sequence[Mapping[str, str]] = ()) -> None:
        """`seed` is the private key as 64 hexadecimal digits, `former` the public keys (JWK) that signed before it.

        Raises ValueError for what is no key.
        """
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self._key = OKPKey.import_key(private, {"alg": ALGORITHM, "use": "sig"})
        self._key.ensure_kid()
        self._former = [dict(key) for key in former]
        public_keys(self._former)

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The public keys, as JWKs: the one that signs now first."""
        return [dict(self._key.as_dict(private=False)), *self._former]

    def sign(self, statement: Statement) -> str:
        """The statement, signed: a compact JWS of its canonical JSON."""
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": TYPE}
        payload = rfc8785.dumps(orjson.loads(orjson.dumps(asdict(statement), default=str)))
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


def public_keys(keys: Sequence[Mapping[str, Any]]) -> KeySet:
    """Keys to check signatures by, from JWKs. Raises ValueError for what is no such key."""
    try:
        found = KeySet([OKPKey.import_key(dict(key)) for key in keys])
    except (JoseError, KeyError) as error:
        raise ValueError(f"no public Ed25519 key in JWK's form ({error})") from error
    for key in found.keys:
        key.ensure_kid()
    return found


def read(signed: str, keys: KeySet) -> Statement:
    """What a checkpoint says. Raises NotOurs when none of `keys` has signed it, or it says nothing."""
    try:
        opened = jws.deserialize_compact(signed, keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise NotOurs(f"no known key has signed it ({error})") from error
    if opened.headers().get("typ") != TYPE:
        raise NotOurs("what was signed is no checkpoint")
    try:
        return STATEMENT.validate_json(opened.payload)
    except ValidationError as error:
        raise NotOurs("what was signed is no checkpoint of a form known here") from error


def opened(stored: Iterable[Signed], keys: KeySet) -> tuple[list[Checkpoint], list[Finding]]:
    """Stored checkpoints whose signature is good, and what is wrong with the others."""
    good, findings = [], []
    for one in stored:
        place = f"checkpoint {one.number}"
        try:
            said = read(one.signed, keys)
        except NotOurs as error:
            findings.append(Finding("checkpoint_forged", place, str(error)))
            continue
        if (said.tenant_id, said.number, said.entries, said.batches, said.at) != (
            one.tenant_id,
            one.number,
            one.entries,
            one.batches,
            one.at,
        ):
            findings.append(Finding("checkpoint_changed", place, "what stands beside it is not what was signed"))
        good.append(Checkpoint(said, place, is_stored=True))
    return good, findings

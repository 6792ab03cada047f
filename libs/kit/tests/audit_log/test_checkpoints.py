"""Signed checkpoints: read back by the keys that signed them, and by no others."""

import pytest
from joserfc import jws

from usher_kit.audit_log.checkpoints import ALGORITHM, NotOurs, Signer, public_keys, read

from .story import log_of

OWN, NEXT, FOREIGN = ("11" * 32, "22" * 32, "33" * 32)


def test_what_was_signed_is_read_back() -> None:
    [statement] = log_of(3).statements
    signer = Signer(OWN)
    assert read(signer.sign(statement), public_keys(signer.keys)) == statement
    assert "d" not in signer.keys[0]


def test_another_key_is_not_ours() -> None:
    [statement] = log_of(3).statements
    with pytest.raises(NotOurs, match="no known key"):
        read(Signer(FOREIGN).sign(statement), public_keys(Signer(OWN).keys))


def test_an_altered_statement_is_not_ours() -> None:
    signer = Signer(OWN)
    one, two = (signer.sign(log_of(size).statements[0]).split(".") for size in (1, 2))
    with pytest.raises(NotOurs):
        read(".".join([one[0], two[1], one[2]]), public_keys(signer.keys))
    for text in ("", "a.b.c", "nonsense", "é.é.é"):
        with pytest.raises(NotOurs):
            read(text, public_keys(signer.keys))


def test_no_other_algorithm_and_nothing_else_that_the_key_signed_is_taken() -> None:
    signer = Signer(OWN)
    key = public_keys(signer.keys)
    header = {"alg": ALGORITHM, "kid": signer.keys[0]["kid"]}
    for typ, payload in (("JWT", b"{}"), ("usher-audit-checkpoint", b"{}")):
        signed = jws.serialize_compact({**header, "typ": typ}, payload, signer._key, algorithms=[ALGORITHM])
        with pytest.raises(NotOurs, match="no checkpoint"):
            read(signed, key)


def test_a_new_key_goes_on_and_the_former_ones_are_still_known() -> None:
    [statement] = log_of(3).statements
    old = Signer(OWN)
    new = Signer(NEXT, former=old.keys)
    assert len(new.keys) == 2
    for signer in (old, new):
        assert read(signer.sign(statement), public_keys(new.keys)) == statement


def test_what_is_no_key_is_refused() -> None:
    for seed in ("", "11" * 31, "zz" * 32):
        with pytest.raises(ValueError, match=r"32 bytes|non-hexadecimal"):
            Signer(seed)
    with pytest.raises(ValueError, match="JWK"):
        Signer(OWN, former=[{"kty": "OKP"}])

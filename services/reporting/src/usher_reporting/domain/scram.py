"""Passwords as PostgreSQL keeps them, so that it is never told one (RFC 5802, RFC 7677)."""

import hashlib
import hmac
from base64 import b64encode

ITERATIONS = 4_096


def scram_verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What `password` is checked by, in the form of PostgreSQL's SCRAM-SHA-256. ASCII alone: nothing is normalized."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_, stored_, server_ = (b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt_}${stored_}:{server_}"

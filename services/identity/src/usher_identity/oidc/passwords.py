"""Passwords: argon2id, on a thread, since a hash is meant to take its time."""

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()
"""argon2id with the library's parameters: those of RFC 9106, low memory."""


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(HASHER.hash, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether `password` is the one kept. Takes as long where none is kept, so that time does not tell who exists."""
    return await asyncio.to_thread(verified, password, kept)


def verified(password: str, kept: str | None) -> bool:
    try:
        return HASHER.verify(kept or nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@lru_cache
def nobodys() -> str:
    """The hash of a password that nobody has."""
    return HASHER.hash("nobody's")

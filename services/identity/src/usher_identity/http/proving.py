"""Proving who one is by a password, at a pace that no guessing comes through."""

from http import HTTPStatus
from uuid import UUID

from fastapi import Request

from usher_identity.oidc import passwords
from usher_identity.oidc.throttle import Throttle
from usher_identity.store.credentials import Candidate, find_candidates, load_password_hash
from usher_kit.errors import UsherError
from usher_kit.runtime import Runtime
from usher_kit.telemetry import names

CANDIDATES = 5
"""How many people of different tenants may share a user name and still sign in by it."""


class TooManyTries(UsherError):
    slug = "too_many_tries"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many tries"


class WrongPassword(UsherError):
    slug = "wrong_password"
    title = "Not the right password"


async def prove(runtime: Runtime, request: Request, name: str, password: str) -> Candidate:
    """Who has this user name or email and this password. Raises TooManyTries or WrongPassword."""
    throttle = Throttle(runtime.redis, name, address_of(request))
    await admit(throttle)
    tenants = await runtime.database.all_tenants()
    async with runtime.database.transaction(tenants) as conn:
        candidates = await find_candidates(conn, tenants, name, CANDIDATES)
    if not candidates:
        await passwords.matches(password, None)
    proven = [one for one in candidates if await passwords.matches(password, one.password_hash)]
    if len(proven) != 1 or proven[0].status != "active":
        names.SIGN_INS.labels("refused").inc()
        raise WrongPassword("The user name or the password is not right.")
    await throttle.succeeded()
    names.SIGN_INS.labels("signed_in").inc()
    return proven[0]


async def prove_again(runtime: Runtime, request: Request, tenant_id: UUID, person_id: UUID, password: str) -> None:
    """Have somebody who is signed in prove it once more. Raises TooManyTries or WrongPassword."""
    throttle = Throttle(runtime.redis, str(person_id), address_of(request))
    await admit(throttle)
    async with runtime.database.transaction([tenant_id]) as conn:
        kept = await load_password_hash(conn, tenant_id, person_id)
    if not await passwords.matches(password, kept):
        raise WrongPassword("The current password is not right.")
    await throttle.succeeded()


async def admit(throttle: Throttle) -> None:
    if not await throttle.admit():
        names.SIGN_INS.labels("throttled").inc()
        raise TooManyTries("There were too many tries. Wait five minutes, then try again.")


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""

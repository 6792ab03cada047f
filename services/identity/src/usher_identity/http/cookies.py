"""The cookies that identity gives a browser: one by which it stays signed in, one while it is away at a provider."""

from fastapi import Request
from fastapi.responses import Response

from usher_identity.oidc import opaque
from usher_identity.oidc.opaque import Opaque
from usher_kit.runtime import Runtime

SIGNED_IN = "usher_sign_in"
AWAY = "usher_away"
AWAY_SECONDS = 900
"""How long signing in at a provider may take."""


def read_cookie(request: Request, runtime: Runtime) -> Opaque | None:
    """Whom the browser says that it is signed in as."""
    return opaque.read(request.cookies.get(name_of(SIGNED_IN, runtime)))


def set_cookie(response: Response, cookie: Opaque, runtime: Runtime) -> None:
    """Give the browser its secret."""
    give(response, SIGNED_IN, cookie.text, runtime.settings.sign_in_hours * 3600, runtime)


def clear_cookie(response: Response, runtime: Runtime) -> None:
    name = name_of(SIGNED_IN, runtime)
    response.delete_cookie(name, secure=is_secure(runtime), httponly=True, samesite="lax")


def read_away(request: Request, runtime: Runtime) -> str | None:
    """The secret that a browser keeps while it is away at a provider."""
    return request.cookies.get(name_of(AWAY, runtime))


def set_away(response: Response, secret: str, runtime: Runtime) -> None:
    give(response, AWAY, secret, AWAY_SECONDS, runtime)


def give(response: Response, name: str, value: str, seconds: int, runtime: Runtime) -> None:
    """A cookie out of scripts' reach, for this host and by TLS alone where identity is reached by it."""
    named = name_of(name, runtime)
    response.set_cookie(named, value, max_age=seconds, secure=is_secure(runtime), httponly=True, samesite="lax")


def name_of(name: str, runtime: Runtime) -> str:
    """Over HTTPS a name that no subdomain can set."""
    return f"__Host-{name}" if is_secure(runtime) else name


def is_secure(runtime: Runtime) -> bool:
    issuer: str = runtime.settings.token_issuer
    return issuer.startswith("https://")

"""The cookie by which a browser stays signed in at identity."""

from fastapi import Request
from fastapi.responses import Response

from usher_identity.oidc import opaque
from usher_identity.oidc.opaque import Opaque
from usher_kit.runtime import Runtime

COOKIE = "usher_sign_in"


def read_cookie(request: Request) -> Opaque | None:
    return opaque.read(request.cookies.get(COOKIE))


def set_cookie(response: Response, cookie: Opaque, runtime: Runtime) -> None:
    """Give the browser its secret, out of scripts' reach, and by TLS alone where identity is reached by it."""
    response.set_cookie(
        COOKIE,
        cookie.text,
        max_age=runtime.settings.sign_in_hours * 3600,
        secure=is_secure(runtime),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, runtime: Runtime) -> None:
    response.delete_cookie(COOKIE, secure=is_secure(runtime), httponly=True, samesite="lax")


def is_secure(runtime: Runtime) -> bool:
    issuer: str = runtime.settings.token_issuer
    return issuer.startswith("https://")

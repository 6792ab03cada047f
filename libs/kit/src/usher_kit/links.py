"""Links that mails carry: what one allows, to whom and until when, signed so that nobody makes one up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

from usher_kit.errors import Gone, NotFound

ALGORITHM = "HS256"
KEEP = "usher:keep"
"""The audience of a link that keeps a seat: it is good for nothing else, and no access token is one."""

SECRET_CHARACTERS = 16
"""The least that a secret has, for links are offline to guess at."""


@dataclass(frozen=True, slots=True)
class SeatLink:
    """Allows whoever has it to keep this seat, once or again."""

    tenant_id: UUID
    user_id: UUID
    product: str


def sign(link: SeatLink, secret: SecretStr, until: datetime) -> str:
    """The link's token, good until then."""
    claims = {
        "aud": KEEP,
        "sub": str(link.user_id),
        "tenant": str(link.tenant_id),
        "product": link.product,
        "exp": int(until.timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, key_of(secret))


def read(token: str, secret: SecretStr, at: datetime) -> SeatLink:
    """What a token allows at `at`. Raises NotFound for one that is not ours, Gone for one whose time is over."""
    try:
        claims = jwt.decode(token, key_of(secret), algorithms=[ALGORITHM]).claims
        link = SeatLink(UUID(claims["tenant"]), UUID(claims["sub"]), str(claims["product"]))
        is_one, until = claims["aud"] == KEEP, int(claims["exp"])
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotFound("This link is not one that was sent. Open it as it stands in the mail, whole.") from error
    if not is_one:
        raise NotFound("This link is not one that was sent. Open it as it stands in the mail, whole.")
    if until < at.timestamp():
        raise Gone("This link was good for a time that is over.")
    return link


def key_of(secret: SecretStr) -> OctKey:
    return OctKey.import_key(secret.get_secret_value())

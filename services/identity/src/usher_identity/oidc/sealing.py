"""Sealing of secrets that are to be used again, and so cannot be kept as hashes: others' client secrets."""

import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken

from usher_kit.errors import Invalid, Unavailable

LABEL = "usher.identity.provider."


def seal(text: str, key_secret: str, owner: UUID, *, pointer: str = "/client_secret") -> str:
    """`text` as it is kept. Raises Invalid where the deployment has no secret to seal by."""
    if not key_secret:
        raise Invalid(
            "This deployment cannot keep a secret: its operator sets USHER_KEY_SECRET for identity.",
            pointer=pointer,
        )
    return box(key_secret, owner).encrypt(text.encode()).decode()


def unseal(sealed: str, key_secret: str, owner: UUID) -> str:
    """What was sealed for this owner. Raises Unavailable where the deployment's secret is another by now."""
    try:
        return box(key_secret, owner).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unavailable("The provider's secret was sealed by another USHER_KEY_SECRET: set it anew.") from error


def box(key_secret: str, owner: UUID) -> Fernet:
    """A box of the owner's own: what was sealed for one opens for no other."""
    return Fernet(urlsafe_b64encode(hmac.digest(key_secret.encode(), f"{LABEL}{owner}".encode(), "sha256")))

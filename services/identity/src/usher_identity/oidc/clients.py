"""The clients that there are, as the settings say."""

from usher_identity.domain.sign_in import Client
from usher_identity.oidc.grants import EXCHANGE
from usher_identity.oidc.opaque import hash_secret
from usher_identity.oidc.parties import OPENID_SCOPES
from usher_identity.settings import IdentitySettings
from usher_kit.access import ADMIN_SCOPE

CALLBACK = "/sign-in/callback"
SIGNED_OUT = "/signed-out"


def configured_clients(settings: IdentitySettings) -> list[Client]:
    """One client for each secret that is given. Secrets are long and random, so a plain hash of one tells nothing."""
    cli = settings.client_secret.get_secret_value()
    check = settings.check_client_secret.get_secret_value()
    console = settings.console_client_secret.get_secret_value()
    url = settings.console_url.rstrip("/")
    by_itself = frozenset({"client_credentials"})
    found: list[Client] = []
    if cli:
        scopes, grants = frozenset({ADMIN_SCOPE}), by_itself | {EXCHANGE}
        found.append(Client(settings.client_id, "Command line", hash_secret(cli), scopes, grants))
    if check:
        found.append(Client("check", "Products", hash_secret(check), frozenset({"check"}), by_itself))
    if console:
        grants = frozenset({"authorization_code", "refresh_token"})
        found.append(
            Client(
                "console",
                "Usher",
                hash_secret(console),
                OPENID_SCOPES,
                grants,
                (f"{url}{CALLBACK}",),
                (f"{url}{SIGNED_OUT}",),
            )
        )
    return found

"""Identity's program: what it serves, what it runs, what it cannot do without."""

from fastapi import FastAPI

from usher_identity.http import doctor, logins, me, oauth, organizations, users
from usher_identity.http.refusals import add_refusal_handler
from usher_identity.oidc.keys import key_ring, rotate_keys
from usher_identity.preparing import prepare
from usher_identity.settings import IdentitySettings
from usher_identity.tables import METADATA
from usher_kit.loops import Loop
from usher_kit.service import Service, run


def configure(app: FastAPI) -> None:
    add_refusal_handler(app)


SERVICE = Service(
    "identity",
    IdentitySettings,
    metadata=METADATA,
    routers=[organizations.router, users.router, logins.router, me.router, doctor.router, oauth.router],
    loops=[Loop("signing keys", 3600, rotate_keys)],
    prepare=prepare,
    keys=key_ring,
    body_limits={logins.PATH: logins.MAX_BYTES},
    configure=configure,
)


def main() -> None:
    run(SERVICE)

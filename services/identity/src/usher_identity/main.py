"""Identity's program: what it serves, what it runs, what it cannot do without."""

from fastapi import FastAPI

from usher_identity import ending
from usher_identity.consumers import APPLY
from usher_identity.erasing import finish_erasures
from usher_identity.forgetting import forget, forget_commands
from usher_identity.http import (
    asking,
    bulk,
    calendars,
    change_sets,
    doctor,
    erasures,
    identity_providers,
    imports,
    jobs,
    logins,
    machines,
    me,
    oauth,
    organizations,
    pages,
    providers,
    scim,
    sessions,
    settings,
    sign_in,
    sign_out,
    transfers,
    upstream_tokens,
    upstreams,
    users,
)
from usher_identity.http.refusals import add_refusal_handler
from usher_identity.importing.bulk import run_next_bulk
from usher_identity.importing.deciding import do_what_was_decided
from usher_identity.importing.forgetting import forget_old_issues
from usher_identity.importing.rosters.reading import read_next_roster
from usher_identity.importing.rosters.schedule import READERS, READING, start_due_rosters
from usher_identity.importing.running import run_next_import
from usher_identity.keycloak.reading import read_upstreams
from usher_identity.oidc.issuers import Issuers
from usher_identity.oidc.keys import key_ring, rotate_keys
from usher_identity.preparing import prepare
from usher_identity.scim import catching_up
from usher_identity.settings import IdentitySettings
from usher_identity.tables import METADATA
from usher_identity.time_passing import lapse_transfers
from usher_identity.use_cases.telling_again import SOURCES
from usher_kit.loops import Loop
from usher_kit.service import Service, run


def configure(app: FastAPI) -> None:
    add_refusal_handler(app)
    app.state.issuers = Issuers()


SERVICE = Service(
    "identity",
    IdentitySettings,
    metadata=METADATA,
    apply=APPLY,
    read=read_upstreams,
    sources=SOURCES,
    routers=[
        organizations.router,
        calendars.router,
        users.router,
        erasures.router,
        asking.router,
        transfers.router,
        upstreams.router,
        upstream_tokens.router,
        scim.router,
        identity_providers.router,
        machines.router,
        bulk.router,
        imports.router,
        jobs.router,
        change_sets.router,
        settings.router,
        sessions.router,
        logins.router,
        me.router,
        doctor.router,
        oauth.router,
        sign_in.router,
        providers.router,
        sign_out.router,
        pages.router,
    ],
    loops=[
        Loop("signing keys", 3600, rotate_keys),
        Loop(ending.LOOP, ending.EVERY_SECONDS, ending.tell_of_ended),
        Loop("forgetting", 3600, forget),
        Loop(imports.LOOP, 1, run_next_import),
        *(Loop(f"{READING} {place}".removesuffix(" 0"), 1, read_next_roster) for place in range(READERS)),
        Loop("due rosters", 15, start_due_rosters),
        Loop(bulk.LOOP, 1, run_next_bulk),
        Loop(change_sets.LOOP, 5, do_what_was_decided),
        Loop(catching_up.LOOP, 5, catching_up.catch_up),
        Loop("overtaken transfers", 5, lapse_transfers),
        Loop("old issues", 3600, forget_old_issues),
        Loop(erasures.LOOP, 5, finish_erasures),
        Loop("old commands", 3600, forget_commands),
    ],
    prepare=prepare,
    keys=key_ring,
    body_limits={
        logins.PATH: logins.MAX_BYTES,
        imports.PATH: imports.MAX_BYTES,
        bulk.PATH: bulk.MAX_BYTES,
        scim.BULK: scim.MAX_BYTES,
    },
    own_error_forms=[f"{scim.PATH}/"],
    configure=configure,
)


def main() -> None:
    run(SERVICE)

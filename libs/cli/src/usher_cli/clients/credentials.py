"""Whose token the command uses: USHER_TOKEN, else one got for the client whose credentials `up` wrote."""

from dataclasses import dataclass, field
from time import monotonic

import httpx2

from usher_cli.clients.calls import Json, ServiceClient
from usher_cli.environment import Environment
from usher_cli.failure import Failure

ADMIN_SCOPE = "admin"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
USER_ID_TYPE = "urn:usher:user-id"
EARLY_SECONDS = 60.0
"""How long before its end a token is no longer used."""


@dataclass(slots=True)
class Credentials:
    """Gives a token; one got by client credentials is kept for as long as the process runs."""

    environment: Environment
    http: httpx2.Client
    _token: str | None = field(default=None, init=False, repr=False)
    _good_until: float = field(default=0.0, init=False)

    def token(self) -> str:
        """A token. Raises Failure where neither a token nor client credentials are set."""
        if given := self.environment.get("USHER_TOKEN"):
            return given
        if self._token is None or monotonic() > self._good_until:
            answer = self.ask(grant_type="client_credentials", scope=ADMIN_SCOPE)
            self._token = str(answer["access_token"])
            self._good_until = monotonic() + float(answer["expires_in"]) - EARLY_SECONDS
        return self._token

    def renew(self) -> None:
        """Forget the token that was got: the next call gets a new one, as after the clock was moved."""
        self._token = None

    def of_person(self, user_id: str) -> Json:
        """Identity's answer with a token of a person (RFC 8693)."""
        return self.ask(grant_type=EXCHANGE, subject_token=user_id, subject_token_type=USER_ID_TYPE)

    def ask(self, **form: str) -> Json:
        """Identity's answer to a token request made with the client's credentials."""
        client_id, secret = self.environment.get("USHER_CLIENT_ID"), self.environment.get("USHER_CLIENT_SECRET")
        if not client_id or not secret:
            raise Failure(
                "No credentials: neither USHER_TOKEN nor USHER_CLIENT_ID and USHER_CLIENT_SECRET are set, and no "
                ".usher/env was found from here upward. Run this in the clone after `usher up`, or set USHER_TOKEN."
            )
        service = ServiceClient("identity", self.environment.url("identity"), self.http, lambda: None)
        answer: Json = service.send("POST", "/oauth/token", data=form, auth=(client_id, secret)).json()
        return answer

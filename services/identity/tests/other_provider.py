"""An OpenID provider that is not ours, by the library pyop, as a process of its own: `python other_provider.py PORT`.

POST /control says who is signed in there, what it does wrong (`mischief`), and has it change its keys (`rotate`).
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from Cryptodome.PublicKey import RSA
from jwkest.jwk import RSAKey
from jwkest.jws import JWS
from pyop.authz_state import AuthorizationState
from pyop.exceptions import OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

CLIENT_ID, SECRET = "usher-at-other", "a-secret-that-the-other-gave-us"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Other:
    """The provider, and what it is told to do."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.user = "nobody"
        self.mischief = ""
        self.people: dict[str, Any] = {}
        self.number = 0
        self.redirects = ["https://nowhere.test/"]
        self.asked_for_keys = 0
        self.rotate()
        configuration = {
            "issuer": "https://other.test",
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "scopes_supported": ["openid", "profile", "email"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "claims_parameter_supported": True,
        }
        client = {
            "client_secret": SECRET,
            "redirect_uris": self.redirects,
            "response_types": ["code"],
            "subject_type": "public",
        }
        state = AuthorizationState(HashBasedSubjectIdentifierFactory("salt"))
        self.provider = Provider(self.key, configuration, state, {CLIENT_ID: client}, Userinfo(self.people))
        self.provider.configuration_information["issuer"] = issuer  # the library insists on https, which a test has not

    def rotate(self) -> None:
        self.number += 1
        self.key = RSAKey(key=RSA.generate(2048), kid=f"key-{self.number}", alg="RS256", use="sig")
        if hasattr(self, "provider"):
            self.provider.signing_key = self.key

    def control(self, said: dict[str, Any]) -> dict[str, Any]:
        self.user = said.get("user", self.user)
        self.mischief = said.get("mischief", self.mischief)
        self.people.update(said.get("people", {}))
        self.provider.clients[CLIENT_ID]["redirect_uris"] = said.get("redirects", self.redirects)
        self.redirects = self.provider.clients[CLIENT_ID]["redirect_uris"]
        if said.get("rotate"):
            self.rotate()
        return {"asked_for_keys": self.asked_for_keys}

    def authorize(self, query: str) -> str:
        request = self.provider.parse_authentication_request(query)
        named = {name: value for name, value in self.people[self.user].items() if name != "sub"}
        in_token = {} if self.mischief == "thin" else named
        answer = self.provider.authorize(request, self.user, extra_id_token_claims=in_token)
        location: str = answer.request(request["redirect_uri"])
        return location

    def token(self, body: str, headers: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.provider.handle_token_request(body, headers).to_dict()
        if self.mischief not in {"", "thin"}:
            answer["id_token"] = self.forged(answer["id_token"])
        return answer

    def forged(self, token: str) -> str:
        head, payload, signature = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        changes: dict[str, dict[str, Any]] = {
            "wrong nonce": {"nonce": "another"},
            "no nonce": {"nonce": None},
            "wrong audience": {"aud": "another-client"},
            "two audiences": {"aud": [CLIENT_ID, "another-client"]},
            "another's azp": {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
            "wrong issuer": {"iss": "https://evil.test"},
            "expired": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200},
            "no exp": {"exp": None},
            "wrong at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
            "no sub": {"sub": None},
        }
        if self.mischief in changes:
            said = {name: value for name, value in {**claims, **changes[self.mischief]}.items() if value is not None}
            signed: str = JWS(json.dumps(said), alg="RS256", kid=self.key.kid).sign_compact([self.key])
            return signed
        if self.mischief == "none":
            return f"{b64(json.dumps({'alg': 'none'}).encode())}.{payload}."
        if self.mischief == "another's key":
            strange = RSAKey(key=RSA.generate(2048), kid=self.key.kid, alg="RS256")
            strangely: str = JWS(json.dumps(claims), alg="RS256", kid=self.key.kid).sign_compact([strange])
            return strangely
        if self.mischief == "HS256 by public key":
            head = b64(json.dumps({"alg": "HS256", "kid": self.key.kid}).encode())
            secret = self.key.key.publickey().export_key("PEM")
            return f"{head}.{payload}.{b64(hmac.digest(secret, f'{head}.{payload}'.encode(), hashlib.sha256))}"
        return f"{head}.{payload}.{'A' * len(signature)}"


class Handler(BaseHTTPRequestHandler):
    """The provider's few addresses."""

    other: Other

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.other.authorize(parts.query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/jwks":
            self.other.asked_for_keys += 1
            self.answer(self.other.provider.jwks)
        elif parts.path == "/userinfo":
            said = self.other.provider.handle_userinfo_request(http_headers=dict(self.headers)).to_dict()
            self.answer({**self.other.people[self.other.user], **said})
        else:
            self.answer(self.other.provider.provider_configuration.to_dict())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/control":
            self.answer(self.other.control(json.loads(body)))
            return
        try:
            self.answer(self.other.token(body, dict(self.headers)))
        except OAuthError as error:
            self.answer({"error": error.oauth_error}, 400)

    def answer(self, said: Any, status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.other = Other(f"http://127.0.0.1:{server.server_port}")
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()

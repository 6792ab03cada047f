"""`usher clients` and `usher idp` as people type them: what they ask identity, and what they print."""

from typing import Any

import pytest

from .test_commands import DISTRICT, NOW, World, page

CLIENTS, PROVIDERS = "/v1/clients", "/v1/identity-providers"
CLIENT = {
    "id": "c", "client_id": "t.c", "name": "hr", "org_id": DISTRICT, "scopes": ["users:read"], "created_at": NOW,
    "used_at": NOW, "former_until": None, "disabled_at": None, "version": 1,
}  # fmt: skip
SECRET = {**CLIENT, "client_secret": "s3cret", "token_endpoint": "http://id/oauth/token"}
PROVIDER = {
    "id": "p", "name": "okta", "title": "Okta", "org_id": DISTRICT, "issuer": "https://ada.okta.com", "client_id": "us",
    "scopes": ["openid"], "claims": {"roles": "groups"}, "mapping": {"Teachers": ["learner"]}, "links_by": ["email"],
    "creates_people": False, "domains": [], "is_offered": False, "serves_all": False,
    "redirect_uri": "https://id/back", "sign_in_address": "https://console/in",
}  # fmt: skip
KEYS = {"issuer": "https://ada.okta.com", "keys": 2, "jwks_uri": "https://ada.okta.com/keys"}


def world(**answers: Any) -> World:
    known = {
        f"GET /v1/organizations/{DISTRICT}": {"id": DISTRICT},
        f"GET {CLIENTS}": page(CLIENT),
        f"POST {CLIENTS}": SECRET,
        f"POST {CLIENTS}/c:rotate": SECRET,
        f"DELETE {CLIENTS}/c": {},
        f"GET {PROVIDERS}": page(PROVIDER),
        f"POST {PROVIDERS}": PROVIDER,
        f"GET {PROVIDERS}/p/discovery": KEYS,
        f"DELETE {PROVIDERS}/p": {},
    }
    return World(**{**known, **answers})


def test_a_client_is_made_and_its_secret_is_shown() -> None:
    given = world()
    made = given.run("clients", "add", "hr", "--org", DISTRICT, "--scope", "users:read")
    assert made.exit_code == 0, made.output
    assert given.body_of(f"POST {CLIENTS}") == {"name": "hr", "org_id": DISTRICT, "scopes": ["users:read"]}
    assert all(one in made.output for one in ("t.c", "s3cret", "http://id/oauth/token"))
    listed = given.run("clients", "list")
    assert "users:read" in listed.output
    assert "s3cret" not in listed.output


@pytest.mark.parametrize("called", ["hr", "c", "t.c"])
def test_a_client_is_found_by_what_it_is_called(called: str) -> None:
    given = world()
    assert "s3cret" in given.run("clients", "rotate", called, "--grace-hours", "2").output
    assert given.body_of(f"POST {CLIENTS}/c:rotate") == {"grace_hours": 2}
    assert given.run("clients", "remove", called).exit_code == 0
    assert (f"DELETE {CLIENTS}/c", {}, None) in given.asked


def test_a_name_of_none_or_many_is_refused_with_what_to_do() -> None:
    for found in (page(), page(CLIENT, {**CLIENT, "id": "d"})):
        refused = world(**{f"GET {CLIENTS}": found}).run("clients", "remove", "hr")
        assert refused.exit_code == 1
        assert "usher clients list" in refused.output


def test_a_provider_is_connected_with_what_was_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_IDP_SECRET", "hush")
    given = world()
    made = given.run(
        "idp", "add", "okta", "--org", DISTRICT, "--issuer", "https://ada.okta.com", "--client-id", "us",
        "--claim", "roles=groups", "--map", "Teachers=learner", "--link-by", "email", "--scope", "groups",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    body = given.body_of(f"POST {PROVIDERS}")
    assert (body["client_secret"], body["claims"], body["mapping"]) == (
        "hush",
        {"roles": "groups"},
        {"Teachers": ["learner"]},
    )
    assert (body["scopes"], body["links_by"], body["creates_people"]) == (["openid", "groups"], ["email"], False)
    assert "https://id/back" in made.output
    assert "hush" not in made.output


def test_a_claim_that_says_nothing_we_know_is_refused() -> None:
    for wrong in ("groups", "rolls=groups", "roles="):
        refused = world().run(
            "idp", "add", "okta", "--org", DISTRICT, "--issuer", "i", "--client-id", "c", "--client-secret", "s",
            "--claim", wrong,
        )  # fmt: skip
        assert refused.exit_code == 1
        assert "WHAT=CLAIM" in refused.output


def test_a_provider_is_shown_tested_and_removed() -> None:
    given = world()
    assert "Teachers" in given.run("idp", "show", "okta").output
    assert "okta" in given.run("idp", "list").output
    assert given.run("idp", "test", "okta").exit_code == 0
    assert given.run("idp", "remove", "okta").exit_code == 0
    assert (f"DELETE {PROVIDERS}/p", {}, None) in given.asked
    keyless = world(**{f"GET {PROVIDERS}/p/discovery": {**KEYS, "keys": 0}}).run("idp", "test", "okta")
    assert keyless.exit_code == 1

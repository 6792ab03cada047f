"""`usher upstream token`: by name or id, and a word on what to do where there is none."""

from typing import Any

import pytest

from .test_commands import DISTRICT, NOW, World, page

LIST = "GET /v1/upstreams"
ISSUE = "POST /v1/upstreams/u1/tokens"
MADE = {"id": "t1", "url": "https://identity.test/scim/v2", "token": "secret", "former_until": NOW}


def upstream(name: str, id_: str, kind: str) -> dict[str, Any]:
    return {"name": name, "id": id_, "kind": kind, "org_id": DISTRICT}


def world() -> World:
    return World(**{LIST: page(upstream("entra", "u1", "scim"), upstream("hr", "u2", "amqp")), ISSUE: MADE})


@pytest.mark.parametrize("named", ["entra", "u1"])
def test_a_token_is_made_for_the_upstream_of_that_name_or_id(named: str) -> None:
    asked = world()
    result = asked.run("upstream", "token", named, "--grace-hours", "2")
    assert (result.exit_code, asked.body_of(ISSUE)) == (0, {"grace_hours": 2})
    assert "secret" in result.stdout


@pytest.mark.parametrize(
    ("named", "why"), [("hr", "hr comes by amqp"), ("okta", "0 upstreams are called okta: `usher upstream list`")]
)
def test_what_has_no_token_is_told(named: str, why: str) -> None:
    result = world().run("upstream", "token", named)
    assert (result.exit_code, why in " ".join(result.stderr.split())) == (1, True)

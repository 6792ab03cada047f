"""The audit log over all services: every act arrives once, the log verifies, and checkpoints are kept elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from usher_cli.clients.calls import RefusedError
from usher_cli.clients.session import Outside, Session, open_session
from usher_cli.environment import Environment
from usher_cli.main import app

from .system import District, System, eventually


def usher(system: System, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["audit", *arguments], obj=system.around)


def acts_of(session: Session, district: District) -> list[tuple[str, str, str]]:
    """Service, act and outcome of what was written down, the newest first."""
    items = session.service("reporting").get("/v1/audit", org_id=district.id)["items"]
    return [(one["service"], one["act"], one["outcome"]) for one in items]


def test_acts_of_every_service_reach_the_log_and_it_is_whole(
    system: System, session: Session, district: District, tmp_path: Path
) -> None:
    district.license("learn", 5)
    ann = district.person("ann", "learner")
    session.service("usage").put("/v1/policies", {"org_id": district.id, "product": "learn", "window_days": 20})
    session.service("identity").put(f"/v1/users/{ann}/roles", {"roles": ["learner", "observer"]})
    wanted = {
        ("identity", "organization.create", "done"),
        ("identity", "user.create", "done"),
        ("identity", "user.set_roles", "done"),
        ("entitlements", "license_term.create", "done"),
        ("usage", "policy.set", "done"),
    }
    eventually(lambda: wanted <= set(acts_of(session, district)))
    file = tmp_path / "kept.jsonl"
    assert usher(system, "checkpoint", "--tenant", district.id, "--out", str(file)).exit_code == 0
    verified = usher(system, "verify", "--tenant", district.id, "--checkpoints", str(file), "--json")
    assert verified.exit_code == 0, verified.output
    [verdict] = json.loads(verified.stdout)["items"]
    assert verdict["entries"] >= len(wanted)
    assert (verdict["checkpoints"], verdict["kept"]) == (verdict["batches"], 1)
    assert usher(system, "verify").exit_code == 0


def test_a_refused_act_is_in_the_log_of_whose_it_was(system: System, session: Session, district: District) -> None:
    eve = district.person("eve", "learner")
    token = session.credentials.of_person(eve)["access_token"]
    around = Outside(Environment({**system.settings, "USHER_TOKEN": token}))
    with open_session(around) as hers, pytest.raises(RefusedError):
        hers.service("identity").put(f"/v1/users/{eve}/roles", {"roles": ["org_admin"]})
    eventually(lambda: ("identity", "user.set_roles", "refused") in acts_of(session, district))

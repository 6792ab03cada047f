"""Parts of the demo: how many seats it buys, logins in order under a clock that goes forward, what it keeps."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from usher_cli.clients.session import Outside, open_session
from usher_cli.demo import clock
from usher_cli.demo.accounts import open_accounts
from usher_cli.demo.licenses import demand, license_root, seats_for
from usher_cli.demo.logins import tell_logins
from usher_cli.demo.record import Account, Example, Record, load, save
from usher_cli.environment import Environment

ROOT = "0192f0c0-0000-7000-8000-000000000001"
RULES = [
    {"role": "learner", "product": "learn", "active": True},
    {"role": "observable", "product": "observe", "active": True},
    {"role": "org_admin", "product": "learn", "active": True},
    {"role": "reporter", "product": "learn", "active": False},
]


def person(*roles: str, status: str = "active") -> dict[str, Any]:
    return {"status": status, "roles": [{"role": role} for role in roles]}


PEOPLE = [
    *[person("learner", "observable") for _ in range(19)],
    person("learner", "org_admin"),
    person("reporter"),
    person("learner", status="archived"),
]


def test_demand_is_who_would_want_a_product_by_the_rules_that_hold() -> None:
    assert demand(PEOPLE, RULES) == {"learn": 20, "observe": 19}


@pytest.mark.parametrize(
    ("product", "wanted", "seats"),
    [("learn", 20, 22), ("learn", 1, 2), ("observe", 20, 18), ("observe", 19, 17)],
)
def test_a_tenth_more_of_learn_and_a_tenth_less_of_observe(product: str, wanted: int, seats: int) -> None:
    assert seats_for(product, wanted) == seats


def test_only_what_the_root_has_no_term_of_is_bought() -> None:
    bought: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            bought.append(json.loads(request.content))
            return httpx2.Response(201, json={"id": "t"})
        lists = {"/v1/grant-rules": RULES, "/v1/users": PEOPLE, "/v1/license-terms": [{"product": "learn"}]}
        return httpx2.Response(200, json={"items": lists[request.url.path], "next_cursor": None})

    a_year_ago = datetime.now(UTC) - timedelta(days=365)
    with open_session(Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(answer))) as session:
        assert license_root(session, ROOT, a_year_ago) == [("observe", 17)]
    [term] = bought
    assert (term["org_id"], term["seats"], term["starts_at"]) == (ROOT, 17, a_year_ago.isoformat())
    assert (datetime.fromisoformat(term["ends_at"]) - datetime.now(UTC)).days == 75


def test_logins_are_told_in_order_and_never_before_their_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.move(file, datetime.now(UTC) - timedelta(days=365))
    told: list[datetime] = []
    early: list[datetime] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth/token":
            return httpx2.Response(200, json={"access_token": "t", "expires_in": 600})
        batch = [datetime.fromisoformat(one["at"]) for one in json.loads(request.content)["logins"]]
        told.extend(batch)
        early.extend(at for at in batch if at > clock.moved_now(file) + timedelta(seconds=1))
        return httpx2.Response(202, json={"accepted": len(batch), "unknown_users": []})

    around = Outside(Environment({"USHER_CLIENT_ID": "c", "USHER_CLIENT_SECRET": "s"}), httpx2.MockTransport(answer))
    with open_session(around) as session:
        count = tell_logins(session, file, [str(UUID(int=n)) for n in range(150)], seed=1)
    assert count == len(told) > 10_000
    assert told == sorted(told)
    assert not early
    assert file.read_text() == "0.0"


def test_a_finished_demo_is_found_again(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    record = Record(
        ROOT, "a set", (Account("reporter", "u", "ada", "secret"),), (Example("u", "learn", "assigned"),), "t"
    )
    save(tmp_path, record)
    assert load(tmp_path) == record
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600


def test_who_is_several_things_gets_one_account() -> None:
    passwords: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            passwords.append(json.loads(request.content)["password"])
            return httpx2.Response(204)
        return httpx2.Response(200, json={"user_name": "ada"})

    with open_session(Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(answer))) as session:
        [account] = open_accounts(session, [("administrator", ROOT), ("waits for observe", ROOT)])
    assert account == Account("administrator, waits for observe", ROOT, "ada", passwords[0])
    assert len(passwords) == 1

"""A service's program: its own pages need nothing from outside, and its owner's acts."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest
from httpx import ASGITransport, AsyncClient

from usher_kit.database import Database
from usher_kit.service import Service, make_app, run
from usher_kit.settings import ServiceSettings
from usher_kit.versions import epoch_of


async def test_the_documentation_loads_from_the_service_alone() -> None:
    app = make_app(Service("usage", ServiceSettings))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://usher.test") as client:
        page = await client.get("/docs")
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) >= 3
        for address in loaded:
            assert address.startswith("/")
            assert (await client.get(address)).status_code == 200
        assert (await client.get("/openapi.json")).json()["info"]["title"] == "Usher usage"


async def test_the_documentation_runs_its_own_script_and_no_other() -> None:
    app = make_app(Service("usage", ServiceSettings))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://usher.test") as client:
        page = await client.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policies = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policies["script-src"] == f"'self' 'sha256-{digest}'"
    assert policies["default-src"] == "'none'"


def test_a_restored_database_is_put_in_a_new_epoch_by_its_program(
    new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database("usage")
    monkeypatch.setenv("USHER_USAGE_DATABASE_URL", url)
    service = Service("usage", ServiceSettings)
    run(service, ["raise-epoch"])
    run(service, ["raise-epoch", "--above", "4"])

    async def number() -> int:
        database = Database.connect(url, "usage")
        async with database.transaction() as conn:
            found = epoch_of(conn)
        await database.close()
        return found

    assert asyncio.run(number()) == 5


def test_a_program_says_what_it_may_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in ([], ["rest"], ["migrate", "--above", "1"]):
        with pytest.raises(SystemExit) as refused:
            run(Service("usage", ServiceSettings), asked)
        assert refused.value.code == 2
    assert "usher-usage" in capsys.readouterr().err

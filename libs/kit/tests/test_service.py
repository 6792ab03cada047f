"""The program's own pages: its documentation needs nothing from outside."""

import re
from base64 import b64encode
from hashlib import sha256

from httpx import ASGITransport, AsyncClient

from usher_kit.service import Service, make_app
from usher_kit.settings import ServiceSettings


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

"""Which address a try to sign in counts for: the sender's own, unless a trusted proxy says whose it is."""

from typing import Any

import pytest
import uvicorn
from httpx import ASGITransport, AsyncClient
from pydantic import ValidationError

from usher_identity.oidc import throttle
from usher_identity.settings import IdentitySettings
from usher_kit.service import listening

from .story import ISSUER, House
from .test_sign_in import REQUEST

PROXY = "127.0.0.1"


async def last_of_many_tries(house: House, settings: IdentitySettings) -> int:
    """The status after one address's tries, each at another account and by another forwarded address.

    By the server that a service is run by, with all that it puts around the app.
    """
    app: Any = house.http._transport.app  # type: ignore[attr-defined]
    config = uvicorn.Config(app, **listening("identity", settings))
    config.load()
    status = 0
    async with AsyncClient(transport=ASGITransport(config.loaded_app, client=(PROXY, 1)), base_url=ISSUER) as http:
        for number in range(4):
            headers = {"x-forwarded-for": f"198.51.100.{number}"}
            form = {"user_name": f"nobody-{number}", "password": "a guess"}
            answer = await http.post("/oauth/authorize", params=REQUEST, data=form, headers=headers)
            status = answer.status_code
    return status


@pytest.mark.parametrize(
    ("trusted", "status"),
    [("", 429), ("192.0.2.1, 10.0.0.0/8", 429), ("127.0.0.1", 401), ("10.0.0.0/8,127.0.0.0/8", 401)],
)
async def test_a_forwarded_address_counts_from_a_trusted_proxy_alone(
    house: House, settings: IdentitySettings, monkeypatch: pytest.MonkeyPatch, trusted: str, status: int
) -> None:
    monkeypatch.setattr(throttle, "ADDRESS_TRIES", 3)
    monkeypatch.setenv("USHER_TRUSTED_PROXIES", trusted)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    proxies = IdentitySettings().trusted_proxies
    placed = settings.model_copy(update={"trusted_proxies": proxies})
    assert await last_of_many_tries(house, placed) == status


@pytest.mark.parametrize("wrong", ["*", "proxy.example", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("USHER_TRUSTED_PROXIES", wrong)
    with pytest.raises(ValidationError):
        IdentitySettings()

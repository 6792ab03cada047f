"""A SCIM client's token: a new one follows without a gap, or ends those of before at once."""

from .story import House
from .test_scim import connect


async def test_a_new_token_leaves_the_former_its_grace_or_ends_it_at_once(house: House) -> None:
    client, made = await connect(house)
    await house.system.post(f"/v1/upstreams/{made['id']}/tokens", grace_hours=1)
    assert (await client.ask("GET", "/scim/v2/Users")).status_code == 200
    await house.system.post(f"/v1/upstreams/{made['id']}/tokens", grace_hours=0)
    assert (await client.ask("GET", "/scim/v2/Users")).status_code == 401

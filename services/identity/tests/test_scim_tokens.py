"""A SCIM client's token: a new one follows without a gap, or ends the former at once; it ends with its upstream."""

from .scim_client import Client, connect, refusal
from .story import CLI_SECRET, House, ok


async def test_a_new_token_leaves_the_former_its_grace_or_ends_it_at_once(house: House) -> None:
    first, made = await connect(house)
    path = f"/v1/upstreams/{made['id']}/tokens"
    second = Client(house.http, (await house.system.post(path, grace_hours=1))["token"])
    assert (await first.send("GET", "/Users")).status_code == 200
    house.pass_time(minutes=61)
    assert refusal(await first.send("GET", "/Users")) == (401, None)
    assert (await second.send("GET", "/Users")).status_code == 200
    house.system = await house.client("cli", CLI_SECRET)
    third = Client(house.http, (await house.system.post(path, grace_hours=0))["token"])
    assert refusal(await second.send("GET", "/Users")) == (401, None)
    assert (await third.send("GET", "/Users")).status_code == 200
    ok(await house.system.ask("DELETE", f"/v1/upstreams/{made['id']}"))
    assert refusal(await third.send("GET", "/Users")) == (401, None)

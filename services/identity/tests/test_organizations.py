"""Organizations over HTTP: tenants, units, moves."""

from .story import House


async def test_a_root_is_a_tenant_of_its_own(house: House) -> None:
    await house.told()
    root = await house.system.post("/v1/organizations", name="Another", kind="district", time_zone="Europe/Berlin")
    assert (root["tenant_id"], root["parent_id"], root["version"]) == (root["id"], None, 1)
    [(key, attributes, fact)] = await house.told()
    assert (key, attributes["tenantid"], fact["time_zone"]) == (
        "identity.organization.changed.v1",
        root["id"],
        "Europe/Berlin",
    )


async def test_only_a_system_administrator_makes_a_tenant(house: House) -> None:
    admin = await house.as_person(await house.person("admin", "district", roles=["org_admin"]))
    assert (await admin.ask("POST", "/v1/organizations", json={"name": "Mine"})).status_code == 403
    unit = {"name": "West", "parent_id": house.organizations["north"]["id"]}
    assert (await admin.ask("POST", "/v1/organizations", json=unit)).status_code == 201


async def test_a_unit_moves_within_its_tenant_but_never_into_a_cycle(house: House) -> None:
    west = await house.unit("west", "north")
    north, south, district = (house.organizations[name] for name in ("north", "south", "district"))
    await house.told()
    assert (await house.system.patch(f"/v1/organizations/{west['id']}", parent_id=south["id"]))["version"] == 2
    back = await house.system.patch(f"/v1/organizations/{west['id']}", parent_id=north["id"])
    assert len(await house.told()) == 2
    cycle = await house.system.ask("PATCH", f"/v1/organizations/{north['id']}", json={"parent_id": west["id"]})
    root = await house.system.ask("PATCH", f"/v1/organizations/{district['id']}", json={"parent_id": west["id"]})
    assert (cycle.status_code, root.status_code) == (422, 422)
    assert (await house.system.get(f"/v1/organizations/{west['id']}"))["parent_id"] == back["parent_id"] == north["id"]


async def test_an_unchanged_organization_is_not_told(house: House) -> None:
    north = house.organizations["north"]
    await house.told()
    assert (await house.system.patch(f"/v1/organizations/{north['id']}", name=north["name"]))["version"] == north[
        "version"
    ]
    assert await house.told() == []


async def test_an_administrator_sees_their_own_units_by_name(house: House) -> None:
    await house.unit("annex", "north")
    admin = await house.as_person(await house.person("nora", "north", roles=["org_admin"]))
    names = [one["name"] for one in (await admin.get("/v1/organizations"))["items"]]
    assert names == ["Annex School", "North School"]
    teacher = await house.as_person(await house.person("ada", "north"))
    assert (await teacher.get(f"/v1/organizations/{house.organizations['north']['id']}"))["name"] == "North School"
    assert (await teacher.ask("GET", "/v1/organizations")).status_code == 403


async def test_a_source_knows_one_organization_by_an_id(house: House) -> None:
    body = {
        "name": "West",
        "parent_id": house.organizations["district"]["id"],
        "external_id": "S-1",
        "source": "roster",
    }
    await house.system.post("/v1/organizations", **body)
    assert (await house.system.ask("POST", "/v1/organizations", json=body)).status_code == 409


async def test_an_unknown_time_zone_is_refused(house: House) -> None:
    refused = await house.system.ask("POST", "/v1/organizations", json={"name": "X", "time_zone": "Mars/Olympus"})
    assert refused.status_code == 422

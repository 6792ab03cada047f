"""After a restore: what identity tells outranks all that was told before (messages: The state-carrying rule)."""

from typing import Any

import pytest

from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .story import House


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        ("/v1/users/{ada}", {"display_name": "Ada Byron"}, ["identity.user_profile.changed.v1"]),
        ("/v1/users/{ada}", {"status": "suspended"}, ["identity.user.changed.v1"]),
        ("/v1/organizations/{north}", {"name": "North High"}, ["identity.organization.changed.v1"]),
    ],
)
async def test_a_restored_entity_goes_on_from_the_backups_version(
    house: House, service_database: str, path: str, change: dict[str, Any], told: list[str]
) -> None:
    ada, north = await house.person("ada"), house.organizations["north"]
    before = {key: fact["version"] for key, _, fact in await house.told() if fact["id"] in (ada["id"], north["id"])}
    await raise_epoch(service_database)
    await house.system.patch(path.format(ada=ada["id"], north=north["id"]), **change)
    facts = await house.told()
    assert [key for key, _, _ in facts] == told
    for key, _, fact in facts:
        assert (fact["version"], fact["previous_version"]) == (EPOCH_SIZE + before[key] + 1, before[key])


async def test_who_is_new_begins_in_the_new_epoch(house: House, service_database: str) -> None:
    await house.told()
    await raise_epoch(service_database, above=2)
    ada = await house.person("ada")
    assert ada["version"] == 3 * EPOCH_SIZE + 1
    assert {(fact["version"], fact["previous_version"]) for _, _, fact in await house.told()} == {
        (3 * EPOCH_SIZE + 1, 0)
    }


async def test_a_change_based_on_a_state_from_before_the_restore_is_refused_once_it_has_changed(
    house: House, service_database: str
) -> None:
    ada = await house.person("ada")
    path = f"/v1/users/{ada['id']}"
    read = (await house.system.ask("GET", path)).headers["etag"]
    await raise_epoch(service_database)
    first = await house.system.ask("PATCH", path, json={"display_name": "Ada B"}, headers={"If-Match": read})
    late = await house.system.ask("PATCH", path, json={"display_name": "Ada C"}, headers={"If-Match": read})
    assert (first.status_code, late.status_code) == (200, 412)
    assert late.json()["type"] == "urn:usher:problem:stale"

"""The thin thread: an organization, a person in it, a role, a token."""

from .story import House


async def test_a_role_is_granted_and_told(house: House) -> None:
    ada = await house.person("ada")
    await house.facts()
    granted = await house.system.set_roles(ada, "learner")
    assert [role["role"] for role in granted["roles"]] == ["learner"]
    assert granted["version"] == ada["version"] + 1
    told = await house.facts()
    assert [key for key, *_ in told] == ["identity.user.changed.v1"]

"""Every database put in a new epoch while the system runs: what was known goes on, and all agree (messages)."""

import asyncio
from itertools import pairwise

from usher_kit.migrations import raise_epoch
from usher_kit.versions import EPOCH_SIZE

from .system import SYSTEM, District, System, eventually, settle

pytestmark = SYSTEM


def test_the_services_agree_over_an_epoch(system: System, district: District) -> None:
    identity, reporting = district.session.identity, district.session.service("reporting")
    term = district.license("learn", seats=2)
    first, second, third = (district.person(f"teacher-{n}", "learner") for n in range(3))
    eventually(lambda: (district.assigned("learn"), district.figures("learn").get("waitlisted")) == (2, 1))
    settle(district.session)

    epochs = {name: asyncio.run(raise_epoch(url)) for name, url in system.databases.items()}
    identity.calls.send("PATCH", f"/v1/users/{first}", json={"status": "suspended"})
    identity.tell_logins([{"user_id": second, "at": "2026-01-05T09:00:00Z"}])
    eventually(lambda: district.figures("learn").get("waitlisted") == 0)
    district.session.entitlements.change_term(term, {"seats": 5})
    newcomer = district.person("newcomer", "learner")
    identity.calls.send("PATCH", f"/v1/users/{first}", json={"status": "active"})
    eventually(lambda: district.assigned("learn") == 4)
    settle(district.session)

    lines = reporting.listed("/v1/claims", every=True, org_id=district.id, product="learn")["items"]
    assert not [one for one in lines if one["is_void"]]
    for person, old, new in ((first, 1, 2), (second, 1, 0), (third, 1, 1), (newcomer, 0, 1)):
        versions = sorted(one["version"] for one in lines if one["user_id"] == person)
        counts = [divmod(version, EPOCH_SIZE) for version in versions]
        assert [epoch for epoch, _ in counts] == [0] * old + [epochs["entitlements"]] * new, person
        assert all(after[1] == before[1] + 1 for before, after in pairwise(counts))

"""People: what each status can become, and when another version is due (seats: Words; messages)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.links import Link
from usher_identity.domain.people import Person, Status, settled
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.roles import Roles
from usher_identity.domain.versions import EPOCH_SIZE, raised

START = datetime(2026, 9, 1, tzinfo=UTC)
LATER = START + timedelta(days=1)
ADA = Person(UUID(int=1), UUID(int=2), UUID(int=3), "ada", "Ada", "ada@example.org", Status.ACTIVE, START)


@pytest.mark.parametrize(
    ("status", "becomes", "allowed"),
    [
        ("invited", "active", True),
        ("active", "suspended", True),
        ("suspended", "active", True),
        ("active", "archived", True),
        ("archived", "active", True),
        ("archived", "suspended", False),
        ("active", "invited", False),
        ("archived", "deleted", True),
        ("deleted", "active", False),
    ],
)
def test_what_a_status_can_become(status: str, becomes: str, *, allowed: bool) -> None:
    person = replace(ADA, status=status)
    if allowed:
        after = person.becoming(becomes, LATER)
        assert (after.status, after.status_since) == (becomes, LATER)
    else:
        with pytest.raises(Refusal):
            person.becoming(becomes, LATER)


def test_staying_as_one_is_keeps_its_since() -> None:
    assert ADA.becoming("active", LATER) == ADA


@pytest.mark.parametrize(
    ("story", "after", "user", "profile"),
    [
        ("nothing differs", ADA, 0, 0),
        ("a name", replace(ADA, display_name="Ada L."), 0, 1),
        ("an email", replace(ADA, email=None), 0, 1),
        ("a status", ADA.becoming("suspended", LATER), 1, 0),
        ("a role", replace(ADA, roles=Roles().desired(["learner"], "user:1", LATER)), 1, 0),
        ("another unit: both facts name it", replace(ADA, org_id=UUID(int=9)), 1, 1),
        ("the first external id", replace(ADA, links=(Link("hr", "7", START),)), 0, 1),
    ],
)
def test_what_differs_raises_the_version_of_the_fact_that_tells_it(
    story: str, after: Person, user: int, profile: int
) -> None:
    before = settled(None, ADA)
    done = settled(before, replace(after, version=before.version, profile_version=before.profile_version))
    assert (done.version - before.version, done.profile_version - before.profile_version) == (user, profile), story


def test_a_later_source_does_not_change_the_external_id_that_facts_carry() -> None:
    first = replace(ADA, links=(Link("hr", "7", START),))
    both = replace(ADA, links=(Link("a-roster", "1", LATER), Link("hr", "7", START)))
    assert first.external_id == both.external_id == "7"


@given(st.integers(0, 2**13 - 2), st.integers(1, 2**20))
def test_versions_rise_by_one_and_a_new_epoch_outranks_all_before(epoch: int, count: int) -> None:
    version = epoch * EPOCH_SIZE + count
    assert raised(version, epoch) == version + 1
    assert raised(version, epoch + 1) > epoch * EPOCH_SIZE + EPOCH_SIZE - 1
    assert raised(version, epoch + 1) % EPOCH_SIZE == count + 1

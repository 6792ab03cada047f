"""What a change takes from a person, parted from the rest of it (seats: A guard on mass loss)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import hypothesis
import pytest
from hypothesis import strategies as st

from usher_identity.domain.import_standing import leave, say, status_after
from usher_identity.domain.incoming import Standing
from usher_identity.domain.links import Link
from usher_identity.domain.losses import Loss, Stale, gain, keep, lose, loss_between, spared
from usher_identity.domain.people import Person, Status
from usher_identity.domain.roles import MANUAL, Role, Roles

DAY = datetime(2026, 9, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=1)
SIS, ID, BY = "sis", "u1", "user:1"
ROLES = st.frozensets(st.sampled_from([str(role) for role in Role]))


def person(*roles: str, by_hand: tuple[str, ...] = (), status: str = "active", links: tuple[Link, ...] = ()) -> Person:
    """Somebody whom the source lists, with the roles that it gives and those by hand."""
    held = Roles().from_source(SIS, roles, DAY).from_source(MANUAL, by_hand, DAY)
    own = Link(SIS, ID, DAY)
    return Person(UUID(int=1), UUID(int=9), UUID(int=2), "ann", "Ann", None, status, DAY, held, (own, *links))


def given(before: Person, *roles: str) -> Person:
    """The person as the source would have them with these roles."""
    return replace(before, roles=before.roles.from_source(SIS, roles, LATER))


def test_what_adds_is_no_loss() -> None:
    assert loss_between(person("learner"), given(person("learner"), "learner", "observer"), SIS, ID) is None


def test_a_role_that_another_source_gives_too_is_not_lost() -> None:
    before = person("learner", by_hand=("learner",))
    assert loss_between(before, given(before), SIS, ID) is None


def test_who_is_not_there_has_nothing_to_lose() -> None:
    before = person("learner", status="archived")
    assert loss_between(before, given(before), SIS, ID) is None


def test_of_a_row_that_gives_and_takes_what_it_gives_is_done() -> None:
    before = person("learner", "observable")
    after = replace(given(before, "observer", "observable"), display_name="Anne")
    loss = loss_between(before, after, SIS, ID)
    assert loss is not None
    assert (sorted(loss.roles), sorted(loss.gains), loss.status, loss.standing) == (
        ["learner"],
        ["observer"],
        None,
        None,
    )
    now = spared(before, after, loss)
    assert (now.display_name, now.roles) == ("Anne", before.roles)
    assert lose(now, loss, BY, LATER) == after, "one change, where it is not held"
    held = gain(now, loss, BY, LATER)
    assert held.roles.names == {"learner", "observable", "observer"}
    assert [one.since for one in held.roles.held if one.role == "learner"] == [DAY]
    assert lose(held, loss, BY, LATER) == after


def test_an_absence_is_held_whole() -> None:
    before = person("learner")
    after = leave(before, SIS, ID, LATER)
    loss = loss_between(before, after, SIS, ID)
    assert loss is not None
    assert (loss.status, loss.standing) == ("archived", "absent")
    assert spared(before, after, loss) == before
    assert lose(before, loss, BY, LATER) == after


def test_who_is_rejected_stays_and_the_source_is_heard() -> None:
    before = person("learner")
    loss = loss_between(before, leave(before, SIS, ID, LATER), SIS, ID)
    assert loss is not None
    kept = keep(before, loss, BY, LATER)
    assert (kept.told, kept.links[0].standing) == (before.told, "absent")
    assert leave(kept, SIS, ID, LATER).told == before.told, "said again, it takes nothing"


def test_a_role_that_is_rejected_is_theirs_by_hand_since_when_it_was() -> None:
    before = person("learner", "observer")
    loss = loss_between(before, given(before, "observer"), SIS, ID)
    assert loss is not None
    kept = keep(before, loss, BY, LATER)
    assert kept.told == before.told
    assert kept.roles.sources("learner") == [MANUAL]
    assert given(kept, "observer").told == before.told


def test_what_is_lost_here_and_held_elsewhere_is_merely_let_go_of() -> None:
    before = person("learner", "observer", links=(Link("hr", "h1", DAY),))
    after = leave(before, SIS, ID, LATER)
    loss = loss_between(before, after, SIS, ID)
    assert loss is not None
    assert (loss.status, sorted(loss.roles)) == (None, ["learner", "observer"])
    assert lose(before, loss, BY, LATER) == after
    assert keep(before, loss, BY, LATER).told == before.told


@pytest.mark.parametrize("gone", [person("learner", status="deleted"), replace(person("learner"), links=())])
def test_a_loss_of_who_is_deleted_or_not_known_any_more_is_stale(gone: Person) -> None:
    with pytest.raises(Stale):
        lose(gone, Loss(gone.tenant_id, gone.id, gone.org_id, SIS, ID, "archived", "absent"), BY, LATER)


def test_an_archive_by_hand_of_who_is_archived_changes_nothing() -> None:
    archived = person("learner", status="archived")
    assert (
        lose(archived, Loss(archived.tenant_id, archived.id, archived.org_id, MANUAL, "", "archived"), BY, LATER)
        == archived
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[Person, Person]:
    """A person, and what a row of the source's makes of them."""
    links = draw(st.sampled_from([(), (Link("hr", "h1", DAY),)]))
    standing = draw(st.sampled_from([Standing.ACTIVE, Standing.SUSPENDED]))
    status = draw(st.sampled_from([Status.INVITED, Status.ACTIVE, Status.SUSPENDED, Status.ARCHIVED]))
    before = person(*draw(ROLES), by_hand=tuple(draw(ROLES)), status=status, links=links)
    before = say(before, SIS, ID, draw(st.sampled_from([Standing.ACTIVE, Standing.SUSPENDED, Standing.ABSENT])))
    if draw(st.booleans()):
        return before, leave(before, SIS, ID, LATER)
    after = say(given(before, *draw(ROLES)), SIS, ID, standing)
    became = status_after(before.status, before.links[0].standing, standing)
    since = before.status_since if became == before.status else LATER
    return before, replace(after, status=became, status_since=since)


@hypothesis.given(changes())
def test_a_change_is_its_loss_after_the_rest_of_it(change: tuple[Person, Person]) -> None:
    before, after = change
    loss = loss_between(before, after, SIS, ID)
    if loss is None:
        return
    now = spared(before, after, loss)
    assert loss_between(before, now, SIS, ID) is None, "the rest takes nothing"
    assert lose(now, loss, BY, LATER) == after
    now = gain(now, loss, BY, LATER)
    assert loss_between(before, now, SIS, ID) is None, "what it gives takes nothing"
    assert lose(now, loss, BY, LATER).told == after.told
    kept = keep(now, loss, BY, LATER)
    assert (kept.status, kept.roles.names) == (now.status, now.roles.names)

"""What holds of imports whatever the rows: repeated, shuffled, cut into batches, beside other sources."""

from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.import_plan import Outcome
from usher_identity.domain.incoming import IncomingPerson, Standing

from .world import World, row

WORDS = ("teacher", "aide", "principal", "siteAdministrator", "student", "wizard")


@st.composite
def sets(draw: st.DrawFn) -> list[IncomingPerson]:
    """A set of up to eight rows, of few ids, names and words, so that they meet in every way. Lines are as listed."""
    rows = draw(
        st.lists(
            st.builds(
                row,
                st.sampled_from(["u1", "u2", "u3", "u4", "u5"]),
                st.sampled_from(WORDS),
                user_name=st.sampled_from(["ann", "Ann", "bo", "cy", "di"]),
                name=st.sampled_from(["A", "B"]),
                orgs=st.lists(st.sampled_from(["S", "T", "nowhere"]), max_size=2, unique=True),
                standing=st.sampled_from([Standing.ACTIVE, Standing.ACTIVE, Standing.SUSPENDED, Standing.ABSENT]),
                modified_at=st.sampled_from(["", "2026-01-01"]),
            ),
            max_size=8,
        )
    )
    return [place(one, line) for line, one in enumerate(rows, start=2)]


def place(one: IncomingPerson, line: int) -> IncomingPerson:
    from dataclasses import replace  # noqa: PLC0415 (the strategy's own)

    return replace(one, line=line)


def state(world: World) -> list[tuple[object, ...]]:
    """What is true of the tenant's people, but for the ids that they happened to get."""
    return sorted(
        (
            tuple(sorted((link.source, link.external_id, str(link.standing)) for link in person.links)),
            person.user_name,
            person.display_name,
            str(person.org_id),
            str(person.status),
            tuple((held.role, held.since) for held in person.roles.held),
            person.version,
            person.profile_version,
        )
        for person in world.people.values()
    )


@given(sets(), sets(), st.booleans())
def test_importing_the_same_set_twice_changes_nothing(
    first: list[IncomingPerson], second: list[IncomingPerson], bulk: bool
) -> None:
    world = World()
    world.take(first)
    world.take(second, bulk=bulk)
    before = dict(world.people)
    taken = world.take(second, bulk=bulk)
    assert world.people == before
    assert set(taken.outcomes.values()) <= {Outcome.UNCHANGED}


@given(sets(), sets(), st.booleans(), st.data())
def test_the_order_of_rows_does_not_matter(
    first: list[IncomingPerson], second: list[IncomingPerson], bulk: bool, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(second))
    batch = data.draw(st.integers(1, 8))
    one, other = World(), World()
    for world in (one, other):
        world.take(first)
    taken = one.take(second, bulk=bulk)
    taken_shuffled = other.take(shuffled, bulk=bulk, batch=batch)
    assert state(one) == state(other)
    assert taken.outcomes == taken_shuffled.outcomes
    assert sorted(taken.codes, key=str) == sorted(taken_shuffled.codes, key=str)


@given(st.lists(st.tuples(st.sampled_from(["sis", "hr"]), sets()), min_size=1, max_size=4))
def test_a_source_never_touches_another_sources_roles(imports: list[tuple[str, list[IncomingPerson]]]) -> None:
    world = World()
    for source, rows in imports:
        before = grants(world, source)
        world.take(rows, source)
        assert grants(world, source) == before


def grants(world: World, except_for: str) -> set[tuple[object, ...]]:
    """Every grant of other sources."""
    return {
        (person.id, grant.role, grant.source, grant.since)
        for person in world.people.values()
        for grant in person.roles.grants
        if grant.source != except_for
    }

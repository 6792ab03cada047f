"""What an upstream says ends the same in any order, however often it comes and however it is batched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain import sayings
from usher_identity.domain.import_organizations import Place
from usher_identity.domain.import_plan import ImportRules, Known, PersonChange
from usher_identity.domain.import_survey import Survey
from usher_identity.domain.people import Person
from usher_identity.domain.sayings import Profile, Sayings
from usher_identity.domain.upstream_plan import plan_known, plan_new

AT = datetime(2026, 9, 1, tzinfo=UTC)
TENANT, NEW = UUID(int=1), UUID(int=9)
PLACES = {"north": Place(TENANT, UUID(int=2)), "south": Place(TENANT, UUID(int=3))}
RULES = ImportRules("hr", AT, is_bulk=False, places={}, survey=Survey(), new_id=lambda: NEW)
ROLES = ("learner", "observer", "reporter")


@dataclass(frozen=True)
class Asked:
    """A command: what, with what."""

    act: str
    roles: frozenset[str] = frozenset()
    org: str = "north"
    name: str = "ada"
    status: str = "active"

    def said(self, order: int) -> Sayings:
        match self.act:
            case "upsert":
                profile = Profile(self.name, self.name.title(), None)
                return sayings.upsert(order, profile, self.org, self.roles, self.status)
            case "set":
                return sayings.set_roles(order, self.roles)
            case "transfer":
                return sayings.transfer(order, self.org)
            case "archive":
                return sayings.archive(order)
        return sayings.change_roles(order, self.roles, has=self.act == "add")


@dataclass
class Model:
    """The plainest reading of commands in order. None: nothing was said of it yet."""

    is_known: bool = False
    name: str | None = None
    org: str | None = None
    status: str | None = None
    roles: set[str] = field(default_factory=set)
    was_here: bool = False

    def hear(self, one: Asked) -> None:
        match one.act:
            case "upsert":
                self.is_known, self.name, self.org, self.roles = True, one.name, one.org, set(one.roles)
                self.was_here = self.was_here or one.status != "invited"
                self.status = "active" if one.status == "invited" and self.was_here else one.status
            case "set":
                self.roles = set(one.roles)
            case "add":
                self.roles |= one.roles
            case "remove":
                self.roles -= one.roles
            case "transfer":
                self.org = one.org
            case "archive":
                self.status, self.was_here = "archived", True


def told(batches: Sequence[Sequence[tuple[int, Asked]]]) -> Person | None:
    """The person after these batches, each decided at once on what is known by then."""
    now, known = Sayings(), None
    for batch in batches:
        for order, one in batch:
            now = now.joined(one.said(order))
        place = PLACES[now.organization.word] if now.organization else None
        change = plan_known("e1", now, known, place, RULES) if known else plan_new("e1", now, {}, place, RULES)
        if isinstance(change, PersonChange):
            known = Known(change.after, change.said)
    return known.person if known else None


COMMANDS = st.lists(
    st.builds(
        Asked,
        act=st.sampled_from(["upsert", "upsert", "set", "add", "remove", "transfer", "archive"]),
        roles=st.frozensets(st.sampled_from(ROLES)),
        org=st.sampled_from(sorted(PLACES)),
        name=st.sampled_from(["ada", "ada.lovelace"]),
        status=st.sampled_from(["invited", "active", "suspended", "archived"]),
    ),
    min_size=1,
    max_size=8,
)


@given(COMMANDS, st.data())
def test_any_order_repetition_and_batching_ends_with_the_same_person(
    commands: list[Asked], data: st.DataObject
) -> None:
    in_order = list(enumerate(commands, 1))
    model = Model()
    for one in commands:
        model.hear(one)
    jumbled = data.draw(st.permutations(in_order + data.draw(st.lists(st.sampled_from(in_order), max_size=4))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(jumbled)), max_size=4)))
    batches = [jumbled[start:end] for start, end in zip([0, *cuts], [*cuts, len(jumbled)], strict=True)]
    for person in (told(batches), told([[one] for one in in_order])):
        assert (person is not None) == model.is_known
        if person is not None:
            found = (person.user_name, person.org_id, person.status, set(person.roles.names))
            assert model.org is not None
            assert found == (model.name, PLACES[model.org].org_id, model.status, model.roles)


def test_a_deletion_is_for_ever_whatever_came_before_or_after() -> None:
    upsert = Asked("upsert").said(7)
    gone = Sayings(is_deleted=True)
    assert gone.joined(upsert).is_deleted
    assert upsert.joined(gone).is_deleted


def test_of_equal_sequences_the_first_counts() -> None:
    first, second = Asked("upsert").said(7), Asked("upsert", name="other").said(7)
    assert first.joined(second) == first


@dataclass(frozen=True)
class Part:
    """An event that speaks of some of a person."""

    parts: tuple[tuple[str, str], ...] = ()
    words: tuple[tuple[str, str | None], ...] = ()
    status: str | None = None
    org: str | None = None

    def said(self, order: int) -> Sayings:
        return sayings.parts_of(order, dict(self.parts), dict(self.words), self.status, self.org)


GIVES = {"Coach": frozenset({"learner"}), "/teachers": frozenset({"learner", "observer"}), "other": frozenset[str]()}

events = st.builds(
    Part,
    st.dictionaries(
        st.sampled_from(["user_name", "given_name", "family_name", "email"]), st.sampled_from(["a", "b", ""])
    ).map(lambda one: tuple(one.items())),
    st.dictionaries(
        st.sampled_from(["role:1", "group:1", "group:2"]), st.sampled_from([None, "Coach", "/teachers", "other"])
    ).map(lambda one: tuple(one.items())),
    st.sampled_from([None, "active", "suspended"]),
    st.sampled_from([None, "north", "south"]),
)


@given(st.lists(events, max_size=6), st.randoms(use_true_random=False))
def test_parts_and_words_of_ones_own_end_the_same_in_any_order(told: list[Part], random: Random) -> None:
    said = [one.said(order) for order, one in enumerate(told)]
    mixed = [*said, *random.choices(said, k=2)] if said else []
    random.shuffle(mixed)
    now, other = Sayings(), Sayings()
    for one in said:
        now = now.joined(one)
    for one in mixed:
        other = other.joined(one)
    assert now == other
    words = {id_: word for one in told for id_, word in one.words}
    given_now = {role for word in words.values() if word is not None for role in GIVES[word]}
    assert now.in_roles(GIVES.__getitem__).given(frozenset()) == given_now
    profile = now.profile_beside(None)
    parts = {name: part for one in told for name, part in one.parts}
    assert (profile is not None) == bool(parts.get("user_name"))
    if profile:
        assert profile.email == (parts.get("email") or None)


def test_a_display_name_stays_until_both_names_were_said() -> None:
    known = Profile("ada", "Ada King", "ada@example.org")
    one = sayings.parts_of(1, {"family_name": "Byron"}, {}, None, None)
    assert one.profile_beside(known) == known
    both = one.joined(sayings.parts_of(2, {"given_name": "Augusta"}, {}, None, None))
    assert both.profile_beside(known) == Profile("ada", "Augusta Byron", "ada@example.org")
    whole = both.joined(sayings.upsert(3, Profile("ada", "Ada", None), "north", frozenset(), "active"))
    assert whole.profile_beside(known) == Profile("ada", "Ada", None)

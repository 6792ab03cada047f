"""The verdict is itself judged: a sound run passes, and whatever is lost, doubled, over a cap or broken is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .books import Books, PersonEntry, TermEntry
from .ledger import Ledger, PoolState, SeatState
from .observed import ClaimRow, Copy, Letter, NoticeRow, Observed, PersonRow, PoolRow, SeatRow, TermRow
from .verdict import Verdict

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ENDS = NOW + timedelta(days=300)
POISON = {"poison-1": "invalid"}
KEEPERS = ("entitlements", "usage", "notifications", "reporting")


def books() -> Books:
    """Ada has the one seat for learn, Bob waits; Ada logged in."""
    people = [PersonEntry(name, name.capitalize(), "north", frozenset({"learner"})) for name in ("ada", "bob")]
    return Books(
        parents={"north": None},
        people={person.user_name: person for person in people},
        terms=[TermEntry("north", "learn", 1, ENDS, "t")],
        logins={("ada", NOW)},
    )


def at(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


def observed() -> Observed:
    """What a sound run leaves of that."""
    people = [PersonRow(f"id-{n}", "north", n, n.capitalize(), "active", ["learner"], 1, 1) for n in ("ada", "bob")]
    owned = {row.id: (row.org_id, row.status, row.version) for row in people}
    return Observed(
        people=people,
        terms=[TermRow("t", "north", "learn", 1, ENDS, 1)],
        pools=[PoolRow("north", "learn", 1, 1, 1)],
        seats=[SeatRow("id-ada", "learn", "assigned", 1), SeatRow("id-bob", "learn", "waitlisted", 1)],
        claims=[
            ClaimRow("id-ada", "learn", 1, 0, at(1), "p", "assigned", "none", "assigned"),
            ClaimRow("id-bob", "learn", 1, 0, at(2), "p", "waitlisted", "none", "waitlisted"),
        ],
        notices=[NoticeRow("waitlisted", "id-bob/learn", 1, "id-bob", "pending")],
        logins=[("id-ada", NOW)],
        acts=[("user.create", "id-ada"), ("user.create", "id-bob"), ("license_term.create", "t")],
        copies=[Copy("person", keeper, owned, dict(owned)) for keeper in KEEPERS],
        forged={keeper: frozenset({"forged"}) for keeper in KEEPERS},
        letters=[Letter(keeper, "poison-1", "invalid", "") for keeper in KEEPERS],
        outboxes=dict.fromkeys(KEEPERS, 0),
        ledger=Ledger(
            [
                SeatState(1, 1, "id-ada", "learn", "p", "assigned", NOW),
                SeatState(3, 2, "id-bob", "learn", "p", "waitlisted", at(1)),
            ],
            [
                PoolState(2, 1, "p", 1, 1, 0, capacity_with_grace=1, as_of=at(1)),
                PoolState(4, 2, "p", 1, 1, 1, capacity_with_grace=1, as_of=at(2)),
            ],
        ),
    )


def judged(left: Observed, due: Books | None = None) -> Verdict:
    return Verdict().judge(due or books(), left, POISON, ["forged"])


def kinds(verdict: Verdict) -> set[str]:
    return {kind for kind in ("lost", "doubled", "over_cap", "broken") if getattr(verdict, kind)}


def test_a_sound_run_is_sound() -> None:
    assert judged(observed()) == Verdict()


def with_person(**change: Any) -> Callable[[Observed], Observed]:
    return lambda left: replace(left, people=[left.people[0]._replace(**change), *left.people[1:]])


def with_claims(*claims: ClaimRow) -> Callable[[Observed], Observed]:
    return lambda left: replace(left, claims=[*left.claims, *claims])


def without_copy(left: Observed) -> Observed:
    behind = left.copies[0]._replace(kept={"id-bob": left.copies[0].kept["id-bob"]})
    return replace(left, copies=[behind, *left.copies[1:]])


def with_old_copy(left: Observed) -> Observed:
    owned = {"id-ada": ("north", "suspended", 2)}
    return replace(left, copies=[Copy("person", "usage", owned, {"id-ada": ("north", "active", 1)})])


LOST: list[tuple[str, Callable[[Observed], Observed]]] = [
    ("a person who was made is not there", lambda left: replace(left, people=left.people[1:])),
    ("a change of roles is not there", with_person(roles=[])),
    ("a change of status is not there", with_person(status="suspended")),
    ("a change of version is missing", with_person(version=0)),
    ("a new name is not there", with_person(display_name="Adele")),
    ("a term that was bought is not there", lambda left: replace(left, terms=[])),
    ("seats that were bought are not there", lambda left: replace(left, terms=[left.terms[0]._replace(seats=0)])),
    ("a login is not there", lambda left: replace(left, logins=[])),
    ("a service never heard of a person", without_copy),
    ("a service never heard of a change", with_old_copy),
    ("a version of a seat has no claim", lambda left: replace(left, claims=left.claims[1:])),
    ("an act is not in the audit log", lambda left: replace(left, acts=left.acts[1:])),
    ("a good fact beside poison is not there", lambda left: replace(left, forged={"usage": frozenset()})),
    ("poison is in no dead queue", lambda left: replace(left, letters=left.letters[1:])),
]
DOUBLED: list[tuple[str, Callable[[Observed], Observed]]] = [
    ("a person was made twice", lambda left: replace(left, people=[*left.people, left.people[0]])),
    ("a change was made twice", with_person(version=2)),
    ("a rename was made twice", with_person(profile_version=2)),
    ("a term was bought twice", lambda left: replace(left, terms=[*left.terms, *left.terms])),
    ("a login counts twice", lambda left: replace(left, logins=[*left.logins, *left.logins])),
    ("an act is in the audit log twice", lambda left: replace(left, acts=[*left.acts, left.acts[0]])),
    ("a claim is there twice", lambda left: replace(left, claims=[left.claims[0], *left.claims])),
    (
        "a seat was entered twice",
        lambda left: replace(
            left,
            seats=[left.seats[0]._replace(version=2), left.seats[1]],
            claims=[left.claims[0], left.claims[0]._replace(version=2), left.claims[1]],
        ),
    ),
    ("a person is told twice that they wait", lambda left: replace(left, notices=[*left.notices, *left.notices])),
]
BROKEN: list[tuple[str, Callable[[Observed], Observed]]] = [
    ("a seat that nobody gave is counted", lambda left: replace(left, pools=[PoolRow("north", "learn", 1, 0, 2)])),
    ("a fact was never published", lambda left: replace(left, outboxes={"usage": 1})),
    (
        "a good fact is dead",
        lambda left: replace(left, letters=[*left.letters, Letter("usage", None, "unclassified", "")]),
    ),
    (
        "poison is dead for another reason",
        lambda left: replace(left, letters=[left.letters[0]._replace(reason="oversized"), *left.letters[1:]]),
    ),
    ("somebody is told that they wait, who never did", lambda left: replace(left, claims=left.claims[:1])),
    (
        "a seat's last claim says something else",
        lambda left: replace(left, claims=[left.claims[0], left.claims[1]._replace(state="assigned")]),
    ),
]


@pytest.mark.parametrize(("story", "spoil"), LOST, ids=[story for story, _ in LOST])
def test_what_is_lost_is_found(story: str, spoil: Callable[[Observed], Observed]) -> None:
    assert "lost" in kinds(judged(spoil(observed()))), story


@pytest.mark.parametrize(("story", "spoil"), DOUBLED, ids=[story for story, _ in DOUBLED])
def test_what_is_doubled_is_found(story: str, spoil: Callable[[Observed], Observed]) -> None:
    assert "doubled" in kinds(judged(spoil(observed()))), story


@pytest.mark.parametrize(("story", "spoil"), BROKEN, ids=[story for story, _ in BROKEN])
def test_what_is_broken_is_found(story: str, spoil: Callable[[Observed], Observed]) -> None:
    assert "broken" in kinds(judged(spoil(observed()))), story


def test_a_cap_passed_by_the_claims_alone_is_found() -> None:
    seated = ClaimRow("id-bob", "learn", 2, 1, at(3), "p", "promoted", "waitlisted", "assigned")
    left = replace(observed(), claims=[*observed().claims, seated])
    assert "over_cap" in kinds(judged(left))


def test_a_seat_that_one_gave_back_before_another_got_it_is_no_cap_passed() -> None:
    released = ClaimRow("id-ada", "learn", 2, 1, at(3), "p", "released", "assigned", "released")
    promoted = ClaimRow("id-bob", "learn", 2, 1, at(3), "p", "promoted", "waitlisted", "assigned")
    ada, bob = observed().claims
    assert not judged(replace(observed(), claims=[ada, released, bob, promoted])).over_cap


def test_an_unlawful_seat_is_broken_and_a_cap_passed_at_a_commit_is_over_cap() -> None:
    ledger = observed().ledger
    unlawful = SeatState(5, 3, "id-eve", "learn", "p", "assigned", at(9))
    left = replace(observed(), ledger=Ledger([*ledger.seats, unlawful], ledger.pools))
    assert kinds(judged(left)) == {"broken", "over_cap"}


def test_a_letter_that_came_twice_is_noted_and_no_fault() -> None:
    verdict = judged(replace(observed(), letters=[*observed().letters, observed().letters[0]]))
    assert verdict.is_sound
    assert verdict.notes


def test_an_act_that_the_books_have_twice_is_lost() -> None:
    due = books()
    due.people["ada"].become("suspended")
    due.people["ada"].become("active")
    assert judged(observed(), due).lost

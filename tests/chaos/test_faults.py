"""The seed's choice: the same seed chooses the same faults and acts, and every kind of fault comes."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from usher_cli.clients.session import Session
from usher_contracts.catalogue import LISTENERS

from .books import Books, TermEntry
from .calling import Caller, Tally
from .echoes import Echoes
from .faults import (
    BRIEF,
    FIRST_POINTS,
    KINDS,
    POINTS,
    POISONS,
    PROCESSES,
    REORDERS,
    REPEATS,
    SERVERS,
    End,
    Kill,
    Late,
    Outage,
    Trick,
    choose,
)
from .lanes import Lane
from .points import Charge, Fuse, Point
from .poison import Poisoner
from .verdict import digest

NOW = datetime(2026, 9, 1, tzinfo=UTC)


class Answering(Caller):
    """Answers every act at once, as a service that does what it is asked."""

    def write(self, *_: object, **__: object) -> dict[str, object]:
        return {"id": f"id-{next(NUMBERS)}"}


NUMBERS = itertools.count()


def lane(seed: int) -> Lane:
    books = Books({"root": None, "unit": "root"}, terms=[TermEntry("root", "learn", 3, NOW, "term")])
    session = object.__new__(Session)
    return Lane("north", seed, Answering(session, Tally()), books, NOW, ["root", "unit"])


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_chooses_the_same_faults_each_time(seed: int) -> None:
    assert choose(seed, 60) == choose(seed, 60)
    assert choose(seed, 60)[:20] == choose(seed, 20)


def test_seeds_differ() -> None:
    assert len({str(choose(seed, 8)) for seed in range(20)}) == 20


def test_a_seed_chooses_the_same_acts_each_time() -> None:
    one, other, different = lane(1), lane(1), lane(2)
    for each in (one, other, different):
        each.take(80)
    assert digest(one.books) == digest(other.books)
    assert one.books.logins == other.books.logins
    assert digest(one.books) != digest(different.books)


def test_a_long_run_has_every_fault_there_is() -> None:
    faults = choose(1, len(KINDS) * 4)
    points = {(one.process, one.charge.point) for one in faults if isinstance(one, Kill)}
    assert points == {(process, point) for process, own in POINTS.items() for point in own}
    assert {(one.server, one.by_force) for one in faults if isinstance(one, Outage)} == {
        (server, by_force) for server in SERVERS for by_force in (True, False)
    }
    assert {one.name for one in faults if isinstance(one, Trick)} == {*REPEATS, *REORDERS, *POISONS}
    assert {one.service for one in faults if isinstance(one, Late)} == {*LISTENERS}
    assert any(isinstance(one, End) for one in faults)


@pytest.mark.parametrize("seed", range(8))
def test_a_run_begins_with_one_of_everything(seed: int) -> None:
    faults = choose(seed, len(BRIEF))
    assert {one.charge.point for one in faults if isinstance(one, Kill)} == set(FIRST_POINTS)
    assert {one.server for one in faults if isinstance(one, Outage)} == set(SERVERS)
    assert any(isinstance(one, End) for one in faults)
    tricks = {one.name for one in faults if isinstance(one, Trick)}
    assert tricks & {*REPEATS}
    assert tricks & {*POISONS}
    assert tricks & {*REORDERS} or any(isinstance(one, Late) for one in faults)


def test_every_process_is_ended_by_force_and_told_to_stop() -> None:
    ended = {(one.process, one.by_force) for one in choose(1, 200) if isinstance(one, End)}
    assert ended == {(process, by_force) for process in PROCESSES for by_force in (True, False)}


def test_every_trick_is_known_to_who_plays_it() -> None:
    assert all(hasattr(Echoes, name) for name in (*REPEATS, *REORDERS))
    assert all(hasattr(Poisoner, name) for name in POISONS)


def test_every_point_is_passed_by_some_process() -> None:
    assert {point for own in POINTS.values() for point in own} == set(Point)


def test_a_lane_leaves_no_pool_over_allocated() -> None:
    own = lane(3)
    own.take(300)
    own.finish()
    [term] = own.books.terms
    assert term.seats == own.peaks["term"]


def test_a_fuse_is_armed_once_and_can_be_disarmed(tmp_path: Path) -> None:
    fuse = Fuse(tmp_path, "usage")
    assert fuse.read() is None
    fuse.arm(Charge(Point.APPLY_SAVED, 2))
    assert fuse.read() == Charge(Point.APPLY_SAVED, 2)
    fuse.disarm()
    assert fuse.read() is None

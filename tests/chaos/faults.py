"""The faults, and the seed's choice among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from random import Random
from typing import TypeAlias

from usher_contracts.catalogue import LISTENERS

from .points import Charge, Point

CONSUMER = (Point.APPLY_BEGUN, Point.APPLY_SAVED, Point.APPLY_COMMITTED)
RELAY = (Point.RELAY_SENT, Point.RELAY_CONFIRMED, Point.RELAY_DELETED)
REQUESTS = (Point.HTTP_SAVED, Point.HTTP_COMMITTED)

POINTS: Mapping[str, Sequence[Point]] = {
    "identity": (*RELAY, *REQUESTS, Point.LOOP_SAVED),
    "entitlements-1": (*CONSUMER, *RELAY, *REQUESTS),
    "entitlements-2": (*CONSUMER, *RELAY),
    "usage": (*CONSUMER, *RELAY),
    "notifications": (*CONSUMER, *RELAY),
    "reporting": (*CONSUMER, *RELAY),
}
"""What each process passes. Reporting publishes only what it must set aside, and so only beside poison."""

FIRST_POINTS = (Point.APPLY_SAVED, Point.APPLY_COMMITTED, Point.RELAY_SENT, Point.RELAY_CONFIRMED)
"""Where a message is most easily lost or doubled: a run's first four kills are there."""

PROCESSES = (*POINTS, "console")
"""All that can be ended anywhere. The console stores nothing and publishes nothing: it has no points of its own."""

LATER: Mapping[Point, int] = {
    Point.APPLY_BEGUN: 40,
    Point.APPLY_SAVED: 3,
    Point.APPLY_COMMITTED: 3,
    Point.RELAY_SENT: 3,
}
"""At which passage at most; the first where it is not named."""

SERVERS = ("RabbitMQ", "PostgreSQL", "Redis")
LONGEST_AWAY = 8.0
"""Seconds that a server is away at most: longer than a process holds a batch here, so that batches are given back."""

LONGEST_BACKLOG = 4.0
"""Seconds that a process is away at most, every other time."""


@dataclass(frozen=True, slots=True)
class Kill:
    """`kill -9` of a process, by itself, at a point; it is started again after so many seconds of backlog."""

    process: str
    charge: Charge
    seconds: float = 0.0

    def __str__(self) -> str:
        away = f", away for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.process} killed {self.charge.point.value}, passage {self.charge.count}{away}"


@dataclass(frozen=True, slots=True)
class End:
    """A process is ended wherever it is: by `kill -9`, or told to stop as when a new release is rolled out."""

    process: str
    by_force: bool
    seconds: float

    def __str__(self) -> str:
        return f"{self.process} {'killed anywhere' if self.by_force else 'told to stop'}, away for {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Outage:
    """A server is stopped, orderly or by `kill -9`, and started again after so many seconds."""

    server: str
    by_force: bool
    seconds: float

    def __str__(self) -> str:
        return f"{self.server} {'killed' if self.by_force else 'stopped'}, away for {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Trick:
    """Mischief on the wire, by the name of what is done."""

    name: str

    def __str__(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Late:
    """One service hears of everything too late, and of the last first."""

    service: str

    def __str__(self) -> str:
        return f"all facts kept from {self.service}"


Fault: TypeAlias = Kill | End | Outage | Trick | Late

REPEATS = ("tell_again_singly", "tell_again_in_batches")
REORDERS = ("tell_old_after_new", "tell_old_and_new_in_batches")
POISONS = ("poison_alone", "poison_in_a_batch", "poison_among_good")

BRIEF = ("kill", "outage", "repeat", "kill", "poison", "outage", "kill", "reorder", "end", "outage", "kill")
KINDS = (*BRIEF, "kill", "reorder", "kill", "poison", "kill", "end", "kill", "kill", "kill")
"""Kinds in turn: half of all faults are kills at a point. The first eleven are enough to see one of everything."""


def choose(seed: int, count: int) -> list[Fault]:
    """The faults of a run: kinds in turn, and of each kind every one before any comes again."""
    rng = Random(f"faults/{seed}")
    decks: dict[str, Iterator[Fault]] = {
        "kill": deal(rng, kills(rng)),
        "end": deal(rng, [ends(rng)]),
        "outage": deal(rng, outages(rng)),
        "repeat": deal(rng, [[*map(Trick, REPEATS)]]),
        "reorder": deal(rng, [[*map(Trick, REORDERS), *map(Late, LISTENERS)]]),
        "poison": deal(rng, [[*map(Trick, POISONS)]]),
    }
    return [next(decks[KINDS[turn % len(KINDS)]]) for turn in range(count)]


def deal(rng: Random, suits: Sequence[Sequence[Fault]]) -> Iterator[Fault]:
    """Cards for ever: from each suit in turn, each shuffled anew every time through."""
    while True:
        rounds = zip_longest(*(rng.sample(suit, len(suit)) for suit in suits))
        yield from (card for card in chain.from_iterable(rounds) if card is not None)


def kills(rng: Random) -> list[Sequence[Fault]]:
    """By point: those first that a run begins with."""
    others = [point for point in Point if point not in FIRST_POINTS]
    points = (*rng.sample(FIRST_POINTS, len(FIRST_POINTS)), *rng.sample(others, len(others)))
    return [[kill(rng, process, point) for process in POINTS if point in POINTS[process]] for point in points]


def kill(rng: Random, process: str, point: Point) -> Kill:
    passage = rng.randint(1, LATER.get(point, 1))
    return Kill(process, Charge(point, passage), rng.choice((0.0, backlog(rng))))


def ends(rng: Random) -> list[Fault]:
    return [End(process, by_force, backlog(rng)) for process in PROCESSES for by_force in (False, True)]


def backlog(rng: Random) -> float:
    return round(rng.uniform(0.2, LONGEST_BACKLOG), 1)


def outages(rng: Random) -> list[Sequence[Fault]]:
    """By server: each orderly and by force. Redis keeps nothing, so that it makes no difference there."""
    return [
        [Outage(server, by_force, round(rng.uniform(0.5, LONGEST_AWAY), 1)) for by_force in (False, True)]
        for server in rng.sample(SERVERS, len(SERVERS))
    ]

"""The faults, and the seed's choice among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from .points import Charge, Point

CONSUMER = (Point.APPLY_LOADED, Point.APPLY_SAVED, Point.APPLY_COMMITTED)
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

LATER: Mapping[Point, int] = {
    Point.APPLY_LOADED: 40,
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


Fault: TypeAlias = Kill | End | Outage | Trick

REPEATS = ("tell_again_singly", "tell_again_in_batches", "tell_old_after_new", "tell_old_and_new_in_batches")
POISONS = ("poison_alone", "poison_in_a_batch", "poison_among_good")

KINDS = ("kill", "outage", "kill", "repeat", "kill", "poison", "end", "kill")
"""Kinds in turn: half of all faults are kills at a point."""


def choose(seed: int, count: int) -> list[Fault]:
    """The faults of a run: kinds in turn, and of each kind every one before any comes again."""
    rng = Random(f"faults/{seed}")
    decks: dict[str, Iterator[Fault]] = {
        "kill": deal(rng, kills(rng)),
        "end": deal(rng, ends(rng)),
        "outage": deal(rng, outages(rng)),
        "repeat": deal(rng, [Trick(name) for name in REPEATS]),
        "poison": deal(rng, [Trick(name) for name in POISONS]),
    }
    return [next(decks[KINDS[turn % len(KINDS)]]) for turn in range(count)]


def deal(rng: Random, cards: Sequence[Fault]) -> Iterator[Fault]:
    """Cards for ever, shuffled anew each time through."""
    while True:
        yield from rng.sample(cards, len(cards))


def kills(rng: Random) -> list[Fault]:
    return [
        Kill(process, Charge(point, rng.randint(1, LATER.get(point, 1))), rng.choice((0.0, backlog(rng))))
        for process, points in POINTS.items()
        for point in points
    ]


def ends(rng: Random) -> list[Fault]:
    return [End(process, by_force, backlog(rng)) for process in POINTS for by_force in (False, True)]


def backlog(rng: Random) -> float:
    return round(rng.uniform(0.2, LONGEST_BACKLOG), 1)


def outages(rng: Random) -> list[Fault]:
    """Each server orderly and by force; Redis keeps nothing, so that it makes no difference there."""
    ways = [(server, by_force) for server in SERVERS for by_force in (False, True)]
    return [Outage(server, by_force, round(rng.uniform(0.5, LONGEST_AWAY), 1)) for server, by_force in ways]

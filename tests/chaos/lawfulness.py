"""Whether a history of decisions is lawful: no cap passed, nobody seated past an earlier place, no seat left idle.

Pure, over a ledger alone. Pool by pool, decision by decision, as committed:

- *cap*: the seats counted (not the pool's own figure) never grow past capacity plus overage, and are never more than
  holders may keep unless the pool is marked over-allocated. Seats that came along with their unit are no growth.
- *figures*: the pool's own figures are the counts of its seats, at every commit that touched it.
- *place*: whoever was seated by this decision had a place before everybody who still waits in the pool once it is
  committed, by the places as they were stored then. People whom a change of the configuration left on the work list
  are not in the line yet, and are not judged; people whose facts had not arrived were not known, and are not either.
- *idle*: nobody waits beside a free seat while a term counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from .ledger import Ledger, PoolState, SeatState

COUNTING = ("active", "expiring")


@dataclass(frozen=True, slots=True)
class Offence:
    """What was unlawful: `cap`, `figures`, `place` or `idle`; of which pool, in which transaction."""

    kind: str
    pool_id: str
    tx: int
    what: str

    def __str__(self) -> str:
        return f"pool {self.pool_id}, transaction {self.tx}: {self.what}"


@dataclass(slots=True)
class PoolHistory:
    """One pool while its history is gone through."""

    pool_id: str
    seats: dict[tuple[str, str], SeatState] = field(default_factory=dict)
    """Open seats of the pool, by person and product."""
    pool: PoolState | None = None

    def take(self, rows: Sequence[SeatState | PoolState]) -> Iterator[Offence]:
        """One decision: its rows concerning this pool, in order."""
        before, was = self.count("assigned"), self.pool
        came_along, seated = 0, list[SeatState]()
        for row in rows:
            if isinstance(row, PoolState):
                self.pool = row
                continue
            key = (row.user_id, row.product)
            self.seats.pop(key, None)
            if row.pool_id == self.pool_id and row.state in ("assigned", "waitlisted", "suspended"):
                self.seats[key] = row
            if row.pool_id == self.pool_id and row.state == "assigned" and not row.was_seated_here:
                came_along += row.came_along
                if not row.came_along and row.old_state != "suspended":
                    seated.append(row)
        if self.pool is None:
            yield Offence("figures", self.pool_id, rows[0].tx, "it has seats, and no pool was ever saved")
            return
        yield from self.judge_cap(self.pool, rows[0].tx, before + came_along)
        if self.pool is not was:
            yield from self.judge_figures(self.pool, rows[0].tx)
        yield from self.judge_places(rows[0].tx, seated)
        yield from self.judge_idle(self.pool, rows[0].tx)

    def count(self, state: str) -> int:
        return sum(seat.state == state for seat in self.seats.values())

    def judge_cap(self, pool: PoolState, tx: int, before: int) -> Iterator[Offence]:
        held = self.count("assigned")
        if pool.gives is not None and held > before and held > pool.gives:
            yield Offence("cap", self.pool_id, tx, f"grew from {before} to {held} seats, of {pool.gives}")
        if pool.keeps is not None and held > pool.keeps and not pool.over_allocated:
            yield Offence("cap", self.pool_id, tx, f"{held} seats are held of {pool.keeps}, and it is not marked so")

    def judge_figures(self, pool: PoolState, tx: int) -> Iterator[Offence]:
        counted = (self.count("assigned"), self.count("waitlisted"))
        if (pool.assigned, pool.waitlisted) != counted:
            told = f"says {pool.assigned} assigned and {pool.waitlisted} waiting, and has {counted[0]} and {counted[1]}"
            yield Offence("figures", self.pool_id, tx, told)

    def judge_places(self, tx: int, seated: Iterable[SeatState]) -> Iterator[Offence]:
        waiting = sorted(
            (seat for seat in self.seats.values() if seat.state == "waitlisted"), key=lambda one: one.place
        )
        for seat in seated:
            if waiting and waiting[0].place < seat.place and self.seats.get((seat.user_id, seat.product)) is seat:
                what = f"{seat.user_id} was seated, though {waiting[0].user_id} waits at an earlier place"
                yield Offence("place", self.pool_id, tx, what)

    def judge_idle(self, pool: PoolState, tx: int) -> Iterator[Offence]:
        held, waiting = self.count("assigned"), self.count("waitlisted")
        if waiting and pool.license_state in COUNTING and (pool.gives is None or held < pool.gives):
            yield Offence("idle", self.pool_id, tx, f"{waiting} wait, and {held} of {pool.gives} seats are given")


def judge(ledger: Ledger) -> list[Offence]:
    """All that was unlawful in this history."""
    offences: list[Offence] = []
    for pool_id, rows in by_pool(ledger).items():
        history = PoolHistory(pool_id)
        for _, decision in groupby(rows, key=lambda row: row.tx):
            offences += history.take(list(decision))
    return offences


def by_pool(ledger: Ledger) -> Mapping[str, Sequence[SeatState | PoolState]]:
    """The rows that concern each pool, in order; a seat that goes from one to another concerns both."""
    found: dict[str, list[SeatState | PoolState]] = defaultdict(list)
    rows: list[SeatState | PoolState] = [*ledger.seats, *ledger.pools]
    for row in sorted(rows, key=lambda one: one.seq):
        found[row.pool_id].append(row)
        if isinstance(row, SeatState) and row.old_pool_id not in (None, row.pool_id):
            found[str(row.old_pool_id)].append(row)
    return found

"""The verdict: what a run lost, doubled, gave beyond a cap or broke, by its books and by what it left behind. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from .books import Books, PersonEntry
from .lawfulness import judge
from .ledger import PoolState
from .observed import ClaimRow, Copy, Letter, NoticeRow, Observed, PersonRow, TermRow


@dataclass(slots=True)
class Verdict:
    """What was found, in words. A run is sound when the first four are empty; `notes` are no faults."""

    lost: list[str] = field(default_factory=list)
    """Acts that were answered, and facts that were told, whose effect is not there."""
    doubled: list[str] = field(default_factory=list)
    """Effects that are there more than once."""
    over_cap: list[str] = field(default_factory=list)
    """Pools that gave more than they may, at any commit."""
    broken: list[str] = field(default_factory=list)
    """Invariants that do not hold, decisions that were unlawful, and what should be quiet and is not."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.over_cap or self.broken)

    def judge(self, books: Books, observed: Observed, poison: Mapping[str, str], forged: Iterable[str]) -> "Verdict":
        """Hold the books against what is there."""
        ids = self.judge_people(books.people, observed.people)
        self.judge_terms(books, observed.terms)
        self.judge_logins({(ids.get(name, name), at) for name, at in books.logins}, observed.logins)
        self.judge_acts(books, ids, observed.acts)
        self.judge_counts(books, observed)
        for copy in observed.copies:
            self.judge_copy(copy)
        self.judge_claims(observed)
        self.judge_running_totals(observed.claims, observed.ledger.pools)
        self.judge_notices(observed.notices, observed.claims)
        self.judge_letters(observed.letters, poison, observed.forged.keys())
        for service, known in observed.forged.items():
            self.lost += [f"{service}: the good fact of {one} beside poison" for one in sorted({*forged} - known)]
        self.broken += [f"{service}: {n} facts are not published" for service, n in observed.outboxes.items() if n]
        for offence in judge(observed.ledger):
            (self.over_cap if offence.kind == "cap" else self.broken).append(f"{offence.kind}: {offence}")
        return self

    def judge_people(self, expected: Mapping[str, PersonEntry], found: Sequence[PersonRow]) -> Mapping[str, str]:
        """People as identity has them. Answers their ids by user name."""
        by_name: dict[str, list[PersonRow]] = defaultdict(list)
        for row in found:
            by_name[row.user_name].append(row)
        self.doubled += [f"{len(rows)} people are called {name}" for name, rows in by_name.items() if len(rows) > 1]
        self.broken += [f"nobody made {name}" for name in sorted(by_name.keys() - expected.keys())]
        self.lost += [f"{name} was made" for name in sorted(expected.keys() - by_name.keys())]
        for name, entry in expected.items():
            for row in by_name.get(name, [])[:1]:
                self.judge_versions(name, entry.version, row.version)
                self.judge_versions(f"{name}'s profile", entry.profile_version, row.profile_version)
                is_there = (row.org_id, row.status, frozenset(row.roles), row.display_name)
                due = (entry.org_id, entry.status, entry.roles, entry.display_name)
                if is_there != due:
                    self.lost.append(f"{name} is to be {told(due)}, and is {told(is_there)}")
        return {name: rows[0].id for name, rows in by_name.items()}

    def judge_versions(self, of: str, due: int, found: int) -> None:
        """A version counts changes: one too low is an act lost, one too high an act done twice."""
        if found < due:
            self.lost.append(f"{of}: {due - found} changes of {due}")
        elif found > due:
            self.doubled.append(f"{of}: {found - due} changes more than the {due} that were asked for")

    def judge_terms(self, books: Books, found: Sequence[TermRow]) -> None:
        rows = {(row.org_id, row.product, row.ends_at): row for row in found}
        if len(rows) < len(found):
            self.doubled.append(f"{len(found)} license terms, of which {len(rows)} differ")
        due = {(term.org_id, term.product, term.ends_at): term for term in books.terms}
        self.lost += [f"a license term of {org} for {product}" for org, product, _ in sorted(due.keys() - rows.keys())]
        self.broken += [f"nobody bought a term of {org} for {one}" for org, one, _ in sorted(rows.keys() - due.keys())]
        for key in due.keys() & rows.keys():
            # Time raises a term's version too, when it starts: what was asked for is the least.
            if rows[key].seats != due[key].seats:
                self.lost.append(f"term {rows[key].id} is to have {due[key].seats} seats, and has {rows[key].seats}")

    def judge_logins(self, due: set[tuple[str, datetime]], found: Sequence[tuple[str, datetime]]) -> None:
        times = Counter(found)
        self.lost += [f"the login of {person} at {at}" for person, at in sorted(due - times.keys())]
        self.broken += [f"nobody told of the login of {person} at {at}" for person, at in sorted(times.keys() - due)]
        self.doubled += [f"{n} logins of {person} at {at}" for (person, at), n in times.items() if n > 1]

    def judge_acts(self, books: Books, ids: Mapping[str, str], found: Sequence[tuple[str, str]]) -> None:
        """Every act that changed something is in the audit log once (I7)."""
        lines = Counter(target for _, target in found)
        due = Counter({ids[name]: one.acts for name, one in books.people.items() if name in ids})
        due.update({str(term.id): term.acts for term in books.terms})
        self.lost += [f"{n} lines of the audit log on {target}" for target, n in (due - lines).items()]
        self.doubled += [f"{n} lines too many of the audit log on {target}" for target, n in (lines - due).items()]

    def judge_counts(self, books: Books, observed: Observed) -> None:
        """Capacity, and who is seated and waits, pool by pool, as without any fault."""
        found = {(row.org_id, row.product): row for row in observed.pools}
        capacities, counts = books.capacities(), books.counts()
        for pool in sorted(capacities.keys() | found.keys()):
            due = (capacities.get(pool), *counts.get(pool, (None, None)))
            is_there = (found[pool].capacity, found[pool].assigned, found[pool].waitlisted) if pool in found else None
            if due != is_there:
                words = "(seats, assigned, waiting)"
                self.broken.append(f"pool of {pool[0]} for {pool[1]}: {is_there} {words}, undisturbed {due}")

    def judge_copy(self, copy: Copy) -> None:
        """A copy is its original: older or absent is a fact lost."""
        for key in sorted(copy.owned.keys() | copy.kept.keys()):
            owned, kept = copy.owned.get(key), copy.kept.get(key)
            if owned == kept:
                continue
            if owned is None:
                self.broken.append(f"{copy.keeper} has a {copy.what} {key} that its owner has not")
            elif kept is None or kept[-1] < owned[-1]:
                has = "nothing" if kept is None else f"version {kept[-1]}"
                self.lost.append(f"{copy.keeper} has {has} of {copy.what} {key}, which is at {owned[-1]}")
            else:
                self.broken.append(f"{copy.keeper}'s {copy.what} {key} is {kept}, its owner's {owned}")

    def judge_claims(self, observed: Observed) -> None:
        """Each version of a seat has one claim, each claim goes on where the one before ended (I6)."""
        seats = {(seat.user_id, seat.product): seat for seat in observed.seats}
        by_seat = {key: list(own) for key, own in groupby(observed.claims, key=lambda one: (one.user_id, one.product))}
        for key in sorted(seats.keys() | by_seat.keys()):
            name, seat, claims = "/".join(key), seats.get(key), by_seat.get(key, [])
            versions = Counter(claim.version for claim in claims)
            self.doubled += [f"{n} claims of version {v} of {name}" for v, n in versions.items() if n > 1]
            last = seat.version if seat else 0
            self.lost += [f"the claim of version {v} of {name}" for v in range(1, last + 1) if v not in versions]
            self.broken += [f"a claim of version {v} of {name}, which is at {last}" for v in versions if v > last]
            before = "none"
            for claim in claims:
                if claim.from_state != before:
                    came = f"{claim.kind} of {name} (version {claim.version})"
                    self.doubled.append(f"{came} goes on from {claim.from_state}, and it was {before}")
                before = claim.state
            if seat and claims and before != seat.state:
                self.broken.append(f"{name} is {seat.state}, and its last claim says {before}")

    def judge_running_totals(self, claims: Sequence[ClaimRow], pools: Sequence[PoolState]) -> None:
        """Count claims from the first to the last: no pool ever holds more by them than it gave just then."""
        for pool_id, changes in totals_by_pool(claims).items():
            states = sorted((one for one in pools if one.pool_id == pool_id), key=lambda one: one.seq)
            held = 0
            for at in sorted(changes):
                before, held = held, held + changes[at]
                limit = limit_at(states, at)
                if held > before and limit is not None and held > limit:
                    self.over_cap.append(f"by its claims pool {pool_id} came to {held} seats of {limit} at {at}")

    def judge_notices(self, notices: Sequence[NoticeRow], claims: Sequence[ClaimRow]) -> None:
        """A person is told once of each time that they began to wait, and of none that never was."""
        waits = {(f"{one.user_id}/{one.product}", one.version) for one in claims if one.state == "waitlisted"}
        told_of = Counter((one.subject, one.subject_version) for one in notices if one.kind == "waitlisted")
        self.doubled += [f"{n} notices that {who} waits (version {v})" for (who, v), n in told_of.items() if n > 1]
        self.broken += [f"a notice that {who} waits, which they did not" for who, _ in sorted(told_of.keys() - waits)]

    def judge_letters(self, letters: Sequence[Letter], poison: Mapping[str, str], services: Iterable[str]) -> None:
        """Each poisonous fact is in each listener's dead letters with its reason, at least once; and nothing else."""
        found = Counter((letter.service, letter.mark) for letter in letters)
        for letter in letters:
            if letter.mark is None or letter.mark not in poison:
                self.broken.append(f"{letter.service}: a good fact is dead: {letter.reason}, {letter.detail}")
            elif letter.reason != poison[letter.mark]:
                self.broken.append(f"{letter.service}: {letter.mark} is {letter.reason}, not {poison[letter.mark]}")
        due = [(service, mark) for service in services for mark in poison]
        self.lost += [f"{service}: the dead letter of {mark}" for service, mark in due if not found[service, mark]]
        if again := sum(found[one] - 1 for one in due if found[one] > 1):
            self.notes.append(f"{again} of {len(due)} dead letters are there more than once: at least once is promised")


def totals_by_pool(claims: Sequence[ClaimRow]) -> Mapping[str, Mapping[datetime, int]]:
    """By pool and moment, how many seats more or fewer were held. Of one moment only the sum is known."""
    changes: dict[str, Counter[datetime]] = defaultdict(Counter)
    for _, own in groupby(claims, key=lambda one: (one.user_id, one.product)):
        held_in: str | None = None
        for claim in own:
            if held_in is not None:
                changes[held_in][claim.at] -= 1
            held_in = claim.pool_id if claim.state == "assigned" else None
            if held_in is not None:
                changes[held_in][claim.at] += 1
    return changes


def limit_at(states: Sequence[PoolState], at: datetime) -> int | None:
    """The most that a pool gave at that moment, by any of the states that it went through then; None is no limit."""
    earlier = [one for one in states if one.as_of is not None and one.as_of < at][-1:]
    gives = [one.gives for one in (*earlier, *(one for one in states if one.as_of == at))]
    return None if None in gives or not gives else max(limit for limit in gives if limit is not None)


def told(person: tuple[str, str, frozenset[str], str]) -> str:
    org_id, status, roles, name = person
    return f"{name!r}, {status}, {sorted(roles)}, in {org_id}"


def digest(books: Books) -> str:
    """People, demand and counts as one short text, without ids: equal for all runs of the same acts."""
    people = [(one.user_name, one.status, sorted(one.roles)) for one in books.people.values()]
    lines: Iterator[str] = map(
        repr, [*sorted(people), *sorted(books.demand().values()), *sorted(books.counts().values())]
    )
    return sha256("\n".join(lines).encode()).hexdigest()[:12]

"""Verification of a tenant's log by nothing but what it consists of, and by checkpoints: what is wrong, and where."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from usher_kit.audit_log.chain import Batch, Statement, batch_hash, entry_hash, origin_of
from usher_kit.audit_log.documents import Listing, listed
from usher_kit.audit_log.merkle import leaf_hash, root_of

SHOWN_NUMBERS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is stored: its place, its text, its hash, and what it is searched by beside the text."""

    position: int
    document: str
    hash: str
    listing: Listing


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint whose signature was found good says; `place` names it: where it is kept."""

    statement: Statement
    place: str
    is_stored: bool
    """Whether it is stored beside the log; else it was kept elsewhere."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a code, where in the log or in its checkpoints, and in words."""

    code: str
    place: str
    text: str


class Walk:
    """One walk over a log's entries, in the order of their positions; they need not fit into memory."""

    def __init__(self, tenant_id: UUID, batches: Sequence[Batch], checkpoints: Sequence[Checkpoint]) -> None:
        self._origin = origin_of(tenant_id)
        self._last = 0
        self._previous: bytes | None = self._origin
        self._batches = {batch.first: batch for batch in batches}
        self._open: Batch | None = None
        self._leaves: list[bytes] = []
        self._wanted = {one.statement.entries for one in checkpoints} | {batch.last for batch in batches}
        self.hashes: dict[int, str] = {0: self._origin.hex()}

    @property
    def entries(self) -> int:
        """The position of the last entry so far."""
        return self._last

    def over(self, lines: Iterable[Line]) -> Iterator[Finding]:
        """What is wrong with the entries themselves, with their order, and with the roots over them."""
        for line in lines:
            leaf = leaf_hash(line.document.encode(errors="surrogatepass"))
            yield from self._look_at_place(line)
            yield from self._look_at_hash(line, leaf)
            yield from look_at_listing(line)
            yield from self._look_at_root(line, leaf)
            if line.position in self._wanted:
                self.hashes[line.position] = line.hash

    def _look_at_place(self, line: Line) -> Iterator[Finding]:
        missing = (self._last + 1, line.position - 1)
        if line.position <= self._last:
            yield Finding("entry_out_of_place", entry(line.position), f"it comes after {entry(self._last)}")
        elif missing[0] <= missing[1]:
            yield Finding("entries_missing", entries(*missing), "they were removed: positions have no gaps")
            self._previous = None
        self._last = max(self._last, line.position)

    def _look_at_hash(self, line: Line, leaf: bytes) -> Iterator[Finding]:
        """After a gap there is nothing to check the first hash against: the gap itself was told."""
        if self._previous is not None and entry_hash(self._previous, leaf).hex() != line.hash:
            told = "its hash does not follow from its text and the entry before it: it was edited, moved or replaced"
            yield Finding("entry_changed", entry(line.position), told)
        self._previous = unhex(line.hash)

    def _look_at_root(self, line: Line, leaf: bytes) -> Iterator[Finding]:
        if (begun := self._batches.get(line.position)) is not None:
            self._open, self._leaves = begun, []
        if self._open is None:
            return
        self._leaves.append(leaf)
        if line.position >= self._open.last:
            if line.position != self._open.last or root_of(self._leaves).hex() != self._open.root:
                told = f"its root is not that of {entries(self._open.first, self._open.last)}"
                yield Finding("batch_changed", batch(self._open.number), told)
            self._open = None


def verify(
    tenant_id: UUID,
    lines: Iterable[Line],
    batches: Sequence[Batch],
    checkpoints: Sequence[Checkpoint],
    *,
    signed_every: int,
) -> list[Finding]:
    """Everything that is wrong with a tenant's log; empty when it is whole.

    `lines` and `batches` come in their stored order, whole. `checkpoints` are those whose signature was found good,
    stored or kept elsewhere; at the latest every `signed_every` batches there is one.
    """
    walk = Walk(tenant_id, batches, checkpoints)
    findings = list(walk.over(lines))
    findings += look_at_batches(tenant_id, batches, walk)
    for is_stored in (True, False):
        alike = [one for one in checkpoints if one.is_stored is is_stored]
        findings += look_at_checkpoints(tenant_id, alike, batches, walk)
    findings += look_at_numbers([one.statement.number for one in checkpoints if one.is_stored], checkpoints)
    findings += look_at_end(batches, checkpoints, signed_every)
    return findings


def look_at_listing(line: Line) -> Iterator[Finding]:
    """What an entry is found by has to be what its text says."""
    try:
        told = listed(line.document)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        yield Finding("entry_unreadable", entry(line.position), "its text is not an act's")
        return
    if told != line.listing:
        names = [one.name for one in fields(Listing) if getattr(told, one.name) != getattr(line.listing, one.name)]
        yield Finding(
            "listing_changed", entry(line.position), f"it is listed by another {', '.join(names)} than its own"
        )


def look_at_batches(tenant_id: UUID, batches: Sequence[Batch], walk: Walk) -> Iterator[Finding]:
    """Batches have no gaps, each covers the one before it, and together they hold every entry."""
    number, last = 0, 0
    previous: bytes | None = origin_of(tenant_id)
    for one in batches:
        if one.number != number + 1:
            yield Finding("batches_missing", batch(number + 1), f"{batch(one.number)} follows {batch(number)}")
            previous = None
        elif one.first != last + 1 or one.last < one.first:
            yield Finding(
                "batch_changed", batch(one.number), f"it begins with {entry(one.first)}, not {entry(last + 1)}"
            )
        if previous is not None and one.last in walk.hashes and hash_of(previous, one, walk) != one.hash:
            told = "its hash does not follow from its content and the batch before it: it was edited or replaced"
            yield Finding("batch_changed", batch(one.number), told)
        number, last, previous = one.number, one.last, unhex(one.hash)
    if walk.entries > last:
        yield Finding("entries_unbatched", entries(last + 1, walk.entries), "they belong to no batch")
    if walk.entries < last:
        yield Finding(
            "entries_missing", entries(walk.entries + 1, last), f"the log was cut off: {batch(number)} has them"
        )


def look_at_checkpoints(
    tenant_id: UUID, checkpoints: Sequence[Checkpoint], batches: Sequence[Batch], walk: Walk
) -> Iterator[Finding]:
    """The log is, and goes on from, what each checkpoint says it was."""
    by_number = {one.number: one for one in batches}
    good = 0
    for one in sorted(checkpoints, key=lambda one: one.statement.entries):
        said = one.statement
        since = f"on {said.at:%Y-%m-%d %H:%M}, by {one.place}"
        if said.tenant_id != tenant_id:
            yield Finding("checkpoint_misplaced", one.place, f"it is of another log, that of tenant {said.tenant_id}")
        elif said.entries > walk.entries:
            told = f"the log was cut off: {since}, it had {said.entries} entries"
            yield Finding("entries_missing", entries(walk.entries + 1, said.entries), told)
        elif differs(said, by_number.get(said.batches), walk):
            told = f"it was rewritten: {since}, its hashes were others"
            yield Finding("log_rewritten", entries(good + 1, said.entries), told)
        else:
            good = said.entries


def look_at_numbers(stored: Sequence[int], known: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Stored checkpoints are numbered from 1 without gaps, up to the highest known of."""
    highest = max((one.statement.number for one in known), default=0)
    if missing := sorted(set(range(1, highest + 1)).difference(stored)):
        place = f"checkpoint {', '.join(map(str, missing[:SHOWN_NUMBERS]))}"
        told = f"{len(missing)} of {highest} are not beside the log: they were removed"
        yield Finding("checkpoints_missing", place, told)


def look_at_end(batches: Sequence[Batch], checkpoints: Sequence[Checkpoint], signed_every: int) -> Iterator[Finding]:
    """The log's end is signed, but for fewer batches than a checkpoint is due for."""
    signed = max((one.statement.batches for one in checkpoints), default=0)
    unsigned = [one for one in batches if one.number > signed]
    if len(unsigned) >= signed_every:
        told = "no checkpoint covers them: it was removed, or the service has no key to sign by"
        yield Finding("entries_unsigned", entries(unsigned[0].first, unsigned[-1].last), told)


def differs(said: Statement, then: Batch | None, walk: Walk) -> bool:
    """Whether the log's hashes at a checkpoint's place are not those that were signed."""
    if then is None or walk.hashes.get(said.entries) != said.last_hash:
        return True
    return (then.last, then.root, then.hash) != (said.entries, said.batch_root, said.batch_hash)


def hash_of(previous: bytes, one: Batch, walk: Walk) -> str | None:
    """The hash that a batch ought to have; none for one whose parts are no hashes or numbers."""
    try:
        return batch_hash(previous, one, bytes.fromhex(walk.hashes[one.last])).hex()
    except (ValueError, OverflowError):
        return None


def unhex(text: str) -> bytes:
    """The bytes of a hash; for what is none, bytes that nothing follows from."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def entry(position: int) -> str:
    return f"entry {position}"


def entries(first: int, last: int) -> str:
    return entry(first) if first == last else f"entries {first} to {last}"


def batch(number: int) -> str:
    return f"batch {number}"

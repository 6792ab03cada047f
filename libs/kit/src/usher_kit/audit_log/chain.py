"""The log as a chain: each hash covers the one before it, of entries and of batches (seats: Invariants, I7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from usher_kit.audit_log.merkle import leaf_hash, root_of

ENTRY, ORIGIN, BATCH = b"\x02", b"\x03", b"\x04"
"""What is hashed begins with what it is; 0 and 1 are Merkle trees' leaves and nodes."""

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tenant's log: its place, counted from 1 without gaps, its text, and its hash in hexadecimal."""

    position: int
    document: str
    hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries from `first` to `last` that were appended at once; numbered from 1 without gaps, hashes as above."""

    number: int
    first: int
    last: int
    at: datetime
    root: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a tenant's log ends."""

    tenant_id: UUID
    entries: int
    last_hash: str
    batches: int
    batch_root: str
    batch_hash: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says: at `at` the log had so many entries and batches, with these hashes at its end."""

    tenant_id: UUID
    number: int
    entries: int
    last_hash: str
    batches: int
    batch_root: str
    batch_hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is stored. `signed` is a JWS that says the rest too, and can be kept anywhere."""

    tenant_id: UUID
    number: int
    entries: int
    batches: int
    at: datetime
    signed: str


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a tenant's log is: verification looks at it up to there, and not at what is appended meanwhile."""

    tenant_id: UUID
    entries: int
    batches: int
    checkpoints: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What is to be written, and the log's end after it."""

    entries: Sequence[Entry]
    batch: Batch
    head: Head


def start(tenant_id: UUID) -> Head:
    """The end of a log without entries. Its hash is the tenant's own, so that no log can stand for another's."""
    origin = origin_of(tenant_id).hex()
    return Head(tenant_id, 0, origin, 0, "", origin)


def append(head: Head, documents: Sequence[str], at: datetime) -> Appended:
    """The batch that appends `documents`, at least one, in their order."""
    leaves = [leaf_hash(document.encode()) for document in documents]
    entries = []
    previous = bytes.fromhex(head.last_hash)
    for position, (document, leaf) in enumerate(zip(documents, leaves, strict=True), head.entries + 1):
        previous = entry_hash(previous, leaf)
        entries.append(Entry(position, document, previous.hex()))
    batch = Batch(head.batches + 1, entries[0].position, entries[-1].position, at, root_of(leaves).hex(), "")
    batch = replace(batch, hash=batch_hash(bytes.fromhex(head.batch_hash), batch, previous).hex())
    end = Head(head.tenant_id, batch.last, previous.hex(), batch.number, batch.root, batch.hash)
    return Appended(entries, batch, end)


def state(head: Head, number: int, at: datetime) -> Statement:
    """What the tenant's `number`-th checkpoint says of the log's end."""
    return Statement(
        head.tenant_id, number, head.entries, head.last_hash, head.batches, head.batch_root, head.batch_hash, at
    )


def origin_of(tenant_id: UUID) -> bytes:
    """What the first entry and the first batch of a tenant have before them."""
    return sha256(ORIGIN + tenant_id.bytes).digest()


def entry_hash(previous: bytes, leaf: bytes) -> bytes:
    """The hash of the entry whose text's leaf hash is `leaf`, after the entry of hash `previous`."""
    return sha256(ENTRY + previous + leaf).digest()


def batch_hash(previous: bytes, batch: Batch, last_hash: bytes) -> bytes:
    """The hash of a batch whose last entry's hash is `last_hash`, after the batch of hash `previous`.

    Numbers and the time (microseconds since 1970 in UTC) are 8 bytes each, the highest first.
    """
    numbers = (batch.number, batch.first, batch.last, (batch.at - EPOCH) // MICROSECOND)
    packed = b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    return sha256(BATCH + previous + packed + bytes.fromhex(batch.root) + last_hash).digest()

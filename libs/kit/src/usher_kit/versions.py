"""Versions of what a service owns, in its database's epoch: `epoch * 2^40 + n` (messages: The state-carrying rule).

Rules count on from the row (`version + 1`); where the change is recorded, the count is put in the epoch.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

EPOCH_SIZE = 2**40
LAST_EPOCH = 2**13 - 1
"""The last epoch whose versions are below 2^53, beyond which JSON's numbers are not exact everywhere."""

EPOCH = "usher.epoch"
"""Where a connection carries its database's epoch, read in the statement that opened the transaction."""


def epoch_of(conn: AsyncConnection) -> int:
    """The epoch in which this transaction's changes are told. Raises KeyError outside a Database's transaction."""
    return int(conn.info[EPOCH])


def in_epoch(version: int, epoch: int) -> int:
    """`version`, counted on from a row that may be older, as it is told in `epoch`: the count goes on without a gap."""
    return epoch * EPOCH_SIZE + version % EPOCH_SIZE


def last_of_epoch(version: int) -> int:
    """Above every version of the epoch of `version`: a tombstone's, which nothing undoes but a restore of the owner."""
    return (version // EPOCH_SIZE + 1) * EPOCH_SIZE - 1

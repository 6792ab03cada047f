"""Merkle trees over a batch's entries, as RFC 6962 (section 2.1) makes them of hashes of SHA-256."""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
"""What is hashed begins with what it is, so that no node can be passed off as a leaf."""


def leaf_hash(content: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(LEAF + content).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, in their order; over none, the hash of nothing."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << ((len(leaves) - 1).bit_length() - 1)  # the largest power of two that leaves something to the right
    return sha256(NODE + root_of(leaves[:left]) + root_of(leaves[left:])).digest()

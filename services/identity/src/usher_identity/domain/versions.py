"""Versions: raised by one at every change, under the owner's epoch (messages: The state-carrying rule)."""

EPOCH_SIZE = 2**40


def raised(version: int, epoch: int = 0) -> int:
    """The version after `version`, which is 0 before the first. After a restore the new epoch outranks all before."""
    return epoch * EPOCH_SIZE + version % EPOCH_SIZE + 1

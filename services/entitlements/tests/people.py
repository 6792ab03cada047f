"""The people that the tests of the HTTP API call as, and ask about."""

from uuid import UUID

ADMIN, NORTH_ADMIN, READER, LEARNER, WAITING = 1, 2, 3, 4, 5


def id_of(number: int) -> str:
    return str(UUID(int=1_000 + number))

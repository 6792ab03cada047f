"""What real exports have and nobody wants: rows that an import has to report, a few of each kind."""

from collections.abc import Iterator

from usher_cli.generate.chance import chance
from usher_cli.generate.people import Staff

MOST = 20
ONE_IN = 400

ODD_ROLES = ("counselor", "proctor", "volunteer", "nurse")
"""Words that the default mapping does not know."""


def odd_count(people: int) -> int:
    """How many rows of each kind a district of so many people has."""
    return min(MOST, max(1, people // ONE_IN))


class OddRows:
    """Hands out odd rows at fixed distances, so that they stand all over the file."""

    def __init__(self, people: int, seed: int) -> None:
        self._rng = chance(seed, "odd")
        self._left = odd_count(people)
        self._distance = max(1, people // self._left)
        self._until = self._distance - 1
        self._made = 0

    def is_due(self) -> bool:
        """Whether the person at hand is to be followed by odd rows."""
        self._until -= 1
        if self._until >= 0 or not self._left:
            return False
        self._until += self._distance
        self._left -= 1
        self._made += 1
        return True

    def repeated(self, row: list[str], one: Staff) -> list[str]:
        """The person once more, as they were long ago."""
        return [row[0], row[1], "2001-01-01T00:00:00.000Z", *row[3:8], one.given_name, "Former", *row[10:]]

    def of_unknown_role(self, row: list[str]) -> list[str]:
        """Somebody new with a role that nobody has mapped."""
        return [f"X8{self._made:05}", *row[1:5], self._rng.choice(ODD_ROLES), f"odd.{self._made}", *row[7:]]

    def without_name(self, row: list[str]) -> list[str]:
        """Somebody new with neither a user name nor an email."""
        return [f"X9{self._made:05}", *row[1:6], "", *row[7:12], "", *row[13:]]

    def with_open_comma(self, row: list[str]) -> str:
        """Somebody new whose telephone number has a comma that nobody quoted."""
        cells = [f"X7{self._made:05}", *row[1:4], row[4].split(",")[0], *row[5:]]
        cells[14] = f"{cells[14]}, ext 4"
        return ",".join(cells)


def cut_short(row: list[str]) -> str:
    """The row without its last, empty-handed cells."""
    units = f'"{row[4]}"' if "," in row[4] else row[4]
    return ",".join([*row[:4], units, *row[5:13]])


def odd_rows(odd: OddRows, row: list[str], one: Staff) -> Iterator[list[str] | str]:
    """The odd rows that follow a person: a line where no CSV writer would write it so."""
    yield odd.repeated(row, one)
    yield odd.of_unknown_role(row)
    yield odd.without_name(row)
    yield odd.with_open_comma(row)

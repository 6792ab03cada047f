"""From lines to records of cells: one bad row is one bad row, whatever its quotes swallow."""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from usher_identity.oneroster.limits import MAX_RECORD_LINES


class Record(NamedTuple):
    """The cells of one row, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A line that begins no readable row."""

    line: int
    reason: str
    text: str


class OpenQuoteError(Exception):
    """A quote that is opened and does not end within `MAX_RECORD_LINES` lines."""


def read_records(open_lines: Callable[[], Iterator[str]], delimiter: str) -> Iterator[Record | BadRecord]:
    """Every record of the lines, read with care from the first one on that is not simply a line of its own."""
    line = 0
    # A quote that the last line opens would end with the file: one more line shows it.
    reader = csv.reader(chain(open_lines(), ("\n",)), delimiter=delimiter)
    try:
        for cells in reader:
            if reader.line_num != line + 1:
                break
            line += 1
            yield Record(line, cells)
        else:
            return
    except csv.Error:
        pass
    yield from read_with_care(islice(open_lines(), line, None), delimiter, line + 1)


def read_with_care(lines: Iterator[str], delimiter: str, first: int = 1) -> Iterator[Record | BadRecord]:
    """Every record of `lines`, the first of which is line `first`. After a bad one reading goes on at the next line."""
    feed = _Feed(lines, first)
    while not feed.exhausted:
        try:
            for cells in csv.reader(feed, delimiter=delimiter):
                feed.check_whole(delimiter)
                yield Record(feed.line, cells)
                feed.begin_record()
        except OpenQuoteError:
            yield BadRecord(feed.line, "a quote is opened and not closed", feed.first_line)
            feed.give_up_record()
        except csv.Error as error:
            yield BadRecord(feed.line, f"it cannot be read as CSV ({error})", feed.first_line)
            feed.give_up_record()


class _Feed:
    """Hands lines to the CSV reader, and remembers those of the record at hand in order to hand them out again."""

    def __init__(self, lines: Iterator[str], first: int) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self.line = first
        self.exhausted = False
        self._cut_short = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.exhausted = True
            self._cut_short = bool(self._record)
            raise StopIteration
        self._record.append(line)
        if len(self._record) > MAX_RECORD_LINES:
            raise OpenQuoteError
        return line

    @property
    def first_line(self) -> str:
        """The line on which the record at hand begins."""
        return self._record[0] if self._record else ""

    def check_whole(self, delimiter: str) -> None:
        """Raise `OpenQuoteError` where the file ended inside the record at hand, or it is one only by another's quote.

        A quote left open ends at the next row's that has one, and all rows between would be lost in one cell.
        """
        if self._cut_short or (len(self._record) > 1 and not _is_strict(self._record, delimiter)):
            raise OpenQuoteError

    def begin_record(self) -> None:
        self.line += len(self._record)
        self._record.clear()

    def give_up_record(self) -> None:
        """Count the record's first line as read, and hand out its others again."""
        self.line += 1
        self._again.extendleft(reversed(self._record[1:]))
        self._record.clear()
        self._cut_short = False
        self.exhausted = False


def _is_strict(lines: Sequence[str], delimiter: str) -> bool:
    """Whether every quote in `lines` begins a cell, ends one or is doubled."""
    try:
        return bool(list(csv.reader(lines, delimiter=delimiter, strict=True)))
    except csv.Error:
        return False

"""One CSV file of a set: its columns by name, its rows whole, and a word on every row that is not."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from usher_identity.domain.incoming import Issue, Severity
from usher_identity.oneroster.limits import MAX_NAMED
from usher_identity.oneroster.records import BadRecord, Record, read_records, read_with_care
from usher_identity.oneroster.refusal import SetRefused
from usher_identity.oneroster.text import detect, read_lines

DELIMITERS = (",", ";", "\t", "|")
"""What separates cells; the first that makes the header a row of several columns is taken."""

Cells = Sequence[str]


class Table:
    """One file. It is read to its end on opening, so that a broken one is known before anything is taken."""

    def __init__(self, name: str, open_file: Callable[[], BinaryIO], *, key: str) -> None:
        """Raises `SetRefused` where the file is unreadable or has no column `key`."""
        self.name = name
        self._open = open_file
        self.encoding = detect(name, open_file)
        self._delimiter, self.header = self._read_header()
        self.columns = [normal(column) for column in self.header]
        if normal(key) not in self.columns:
            shown = ", ".join(repr(column[:40]) for column in self.header[:8])
            raise SetRefused("not_csv", f"{name} has no column {key}: its first line has {shown}")
        self._key_place = self.columns.index(normal(key))

    def _read_header(self) -> tuple[str, list[str]]:
        first = next(self._lines(), "")
        if not first.strip():
            raise SetRefused("empty_file", f"{self.name} is empty: it has not even a header")
        delimiter = max(DELIMITERS, key=first.count)
        record = next(read_with_care(iter([first]), delimiter))
        if isinstance(record, BadRecord):
            raise SetRefused("not_csv", f"the header of {self.name} is no row of columns: {record.reason}")
        return delimiter, record.cells

    def _lines(self) -> Iterator[str]:
        return read_lines(self._open(), self.encoding)

    @property
    def lines(self) -> int:
        """How many lines follow the header."""
        return self.encoding.lines - 1

    def has(self, column: str) -> bool:
        return normal(column) in self.columns

    def places(self, column: str) -> tuple[int, ...]:
        """Where `column` stands: nowhere, once, or as often as the header repeats it."""
        wanted = normal(column)
        return tuple(place for place, name in enumerate(self.columns) if name == wanted)

    def rows(self) -> Iterator[Record | Issue]:
        """The line and cells of each row, as wide as the header; or why a row has none. Blank rows are passed over."""
        width = len(self.columns)
        records = read_records(self._lines, self._delimiter)
        next(records)
        for record in records:
            if isinstance(record, BadRecord):
                reason = f"{record.reason}; the row was not taken"
                yield self._issue(record.line, "unreadable_row", reason, record.text.split(self._delimiter))
            elif is_blank(record.cells):
                continue
            elif len(record.cells) == width:
                yield record
            else:
                yield from self._ragged(record, width)

    def _ragged(self, record: Record, width: int) -> Iterator[Record | Issue]:
        cells = record.cells
        if any(cell.strip() for cell in cells[width:]):
            reason = (
                f"{len(cells)} cells under {width} columns: which belongs where cannot be told; the row was not taken"
            )
            yield self._issue(record.line, "long_row", reason, cells)
            return
        if len(cells) < width:
            reason = f"{len(cells)} cells under {width} columns; those that are missing were read as empty"
            yield self._issue(record.line, "short_row", reason, cells, Severity.WARNING)
        yield Record(record.line, (cells + [""] * width)[:width])

    def _issue(self, line: int, code: str, reason: str, cells: Cells, severity: Severity = Severity.ERROR) -> Issue:
        """An issue with the row's most likely id: so that whoever it is about is not taken for gone."""
        found = cells[self._key_place].strip().strip('"') if self._key_place < len(cells) else ""
        return Issue(self.name, line, None, code, reason, found[:MAX_NAMED] or None, severity)

    def notes(self) -> Iterator[Issue]:
        """What its owner should know of the file as a whole."""
        if self.encoding.fallback:
            yield Issue(
                self.name,
                self.encoding.line,
                None,
                "not_utf8",
                f"this line is not UTF-8; it and others like it were read as {self.encoding.fallback}",
                severity=Severity.NOTE,
            )
        for place, column in enumerate(self.columns):
            if column and column in self.columns[:place]:
                reason = "the header names this column more than once; all of its cells are looked at, in order"
                yield Issue(self.name, 1, self.header[place], "repeated_column", reason, severity=Severity.NOTE)


def normal(column: str) -> str:
    """A column's name without case, spaces and underscores, which exporters vary."""
    return column.strip().strip("\ufeff").replace("_", "").replace(" ", "").casefold()


def is_blank(cells: Cells) -> bool:
    """Whether a row says nothing, as spreadsheets leave them behind."""
    return not cells or ((not cells[0] or cells[0].isspace()) and not any(cell.strip() for cell in cells))


def first_of(cells: Cells, places: tuple[int, ...]) -> str:
    """The first cell among `places` that is not blank, stripped."""
    for place in places:
        if value := cells[place].strip():
            return value
    return ""

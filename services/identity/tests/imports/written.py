"""Sets as exporters write them: rows good and bad, in one dialect, with the line on which each begins."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Written:
    """A row of a file. `harm` is what its writer did to it: nothing, a quote left open, or a cell too many."""

    cells: Row
    harm: str = ""
    code: str = ""
    """Of the one issue that is to be; empty where the row is good."""
    blank_lines_before: int = 0


@dataclass(frozen=True)
class Style:
    """How a set's files are written."""

    encoding: str
    delimiter: str
    newline: str
    quotes_all: bool
    ends_with_newline: bool
    turn: int
    """By how many places columns are turned."""


def write_file(columns: Sequence[str], rows: Sequence[Written], style: Style) -> tuple[bytes, list[int]]:
    """A file's bytes, and the line on which each row begins."""
    turn = style.turn % len(columns)
    columns = [*columns[turn:], *columns[:turn]]
    lines, begins = [line_of(columns, style)], []
    line = 2
    for row in rows:
        lines += [""] * row.blank_lines_before
        begins.append(line + row.blank_lines_before)
        lines.append(harmed(row, [row.cells.get(column, "") for column in columns], style))
        line = begins[-1] + 1 + lines[-1].count(style.newline)
    text = style.newline.join(lines) + (style.newline if style.ends_with_newline else "")
    return text.encode(style.encoding), begins


def harmed(row: Written, cells: Sequence[str], style: Style) -> str:
    if row.harm == "open quote":
        # Before some text: two that stand before none are one cell by the rules of CSV, and nobody can tell.
        return style.delimiter.join([*cells[:-1], f'"{cells[-1] or "open"}'])
    return line_of([*cells, "too many"] if row.harm == "long" else cells, style)


def line_of(cells: Sequence[str], style: Style) -> str:
    written = io.StringIO()
    writer = csv.writer(
        written,
        delimiter=style.delimiter,
        quoting=csv.QUOTE_ALL if style.quotes_all else csv.QUOTE_MINIMAL,
        lineterminator="\r\n",
    )
    writer.writerow([cell.replace("\n", style.newline) for cell in cells])
    return written.getvalue().removesuffix("\r\n")


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed

"""CSV by RFC 4180, in UTF-8. Null is empty; a text that a spreadsheet would run begins with an apostrophe."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from usher_kit.spreadsheets import harmless
from usher_reporting.exporting.values import as_text
from usher_reporting.reports.report import Column, Kind, Row

NUMBERS = (Kind.WHOLE, Kind.NUMBER)


class CsvFile:
    """A file with a row of names on top."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Row]) -> None:
        self._csv.writerows([[cell(row.get(one.name), one.kind) for one in self._columns] for row in rows])

    def close(self) -> None:
        self._file.close()


def cell(value: Any, kind: Kind) -> object:
    """A value as it stands in the file. A number is one, even where it begins with a minus."""
    if value is None or kind in NUMBERS:
        return value
    return harmless(as_text(value, kind))

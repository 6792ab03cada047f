"""XLSX, written row by row in constant memory. Texts are texts, so that none is run as a formula or becomes a link."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from usher_reporting.exporting.values import as_text
from usher_reporting.reports.report import Column, Kind, Row

SHEET_ROWS = 1_048_575
"""Rows that a sheet takes below the names on its top; the others go on to further sheets."""

CELL_CHARACTERS = 32_767
"""What a cell takes; a longer text is cut, and ends with an ellipsis."""

NAME_CHARACTERS = 24


class Spreadsheet:
    """A workbook whose every sheet begins with a row of names."""

    def __init__(self, path: Path, columns: Sequence[Column], name: str, *, sheet_rows: int = SHEET_ROWS) -> None:
        self._columns, self._name, self._sheet_rows = columns, name[:NAME_CHARACTERS], sheet_rows
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        self._workbook = xlsxwriter.Workbook(str(path), options)
        self._bold = self._workbook.add_format({"bold": True})
        self._sheets = 0
        self._begin_sheet()

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._row > self._sheet_rows:
                self._begin_sheet()
            for place, column in enumerate(self._columns):
                self._write_cell(place, row.get(column.name), column.kind)
            self._row += 1

    def close(self) -> None:
        self._workbook.close()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._workbook.add_worksheet(self._name if self._sheets == 1 else f"{self._name} {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            self._sheet.write_string(0, place, column.name, self._bold)
        self._row = 1

    def _write_cell(self, place: int, value: Any, kind: Kind) -> None:
        if value is None:
            return
        if kind in (Kind.WHOLE, Kind.NUMBER):
            self._sheet.write_number(self._row, place, value)
        elif kind is Kind.YES_OR_NO:
            self._sheet.write_boolean(self._row, place, value)
        else:
            self._sheet.write_string(self._row, place, cut(as_text(value, kind)))


def cut(text: str) -> str:
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"

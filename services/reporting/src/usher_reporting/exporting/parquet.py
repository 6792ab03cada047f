"""Parquet with types of its own: times in UTC, days, numbers; compressed, a group of rows at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from usher_reporting.reports.report import Column, Kind, Row

GROUP_BYTES = 4 * 1024**2
"""What a group of rows takes in memory before it is written."""

TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.DAY: pa.date32(),
    Kind.YES_OR_NO: pa.bool_(),
}


class ParquetFile:
    """A file whose columns say in their metadata what they mean."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._columns = columns
        fields = [pa.field(one.name, TYPES[one.kind], metadata={"meaning": one.meaning}) for one in columns]
        self._schema = pa.schema(fields)
        self._writer = ParquetWriter(path, self._schema, compression="zstd")
        self._group: list[pa.RecordBatch] = []
        self._bytes = 0

    def write(self, rows: Sequence[Row]) -> None:
        arrays = [
            pa.array([typed(row.get(one.name), one.kind) for row in rows], TYPES[one.kind]) for one in self._columns
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._group.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._group:
            self._writer.write_table(pa.Table.from_batches(self._group))
        self._group, self._bytes = [], 0


def typed(value: Any, kind: Kind) -> Any:
    """A value as its column's type takes it."""
    return str(value) if value is not None and kind in (Kind.TEXT, Kind.ID) else value

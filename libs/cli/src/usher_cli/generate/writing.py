"""Where a set is written: a folder, or a zip that comes out the same byte for byte."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _csv import Writer as CsvWriter

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time that every entry of a zip bears: the first that the format knows."""

Cells = Sequence[str | int]


class Sink(Protocol):
    """Takes one file after the other."""

    def open(self, name: str) -> IO[bytes]: ...


class FolderSink:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("wb")


class ZipSink:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def open(self, name: str) -> IO[bytes]:
        entry = zipfile.ZipInfo(name, EARLIEST)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return self._archive.open(entry, "w", force_zip64=True)


@contextmanager
def sink_for(into: Path, *, zipped: bool) -> Iterator[Sink]:
    """The sink at `into`, which becomes a zip, or a folder whose other files stay."""
    if not zipped:
        yield FolderSink(into)
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(into, "w") as archive:
        yield ZipSink(archive)


@contextmanager
def csv_file(sink: Sink, name: str, header: Cells, *, crlf: bool = False, bom: bool = False) -> Iterator["CsvFile"]:
    """One CSV file with its header."""
    end = "\r\n" if crlf else "\n"
    encoding = "utf-8-sig" if bom else "utf-8"
    with io.TextIOWrapper(sink.open(name), encoding, newline="") as stream:
        writer = csv.writer(stream, lineterminator=end)
        writer.writerow(header)
        yield CsvFile(stream, writer, end)


class CsvFile:
    """An open CSV file."""

    def __init__(self, stream: io.TextIOWrapper, writer: "CsvWriter", end: str) -> None:
        self._stream = stream
        self._writer = writer
        self._end = end

    def write(self, rows: Iterable[Cells]) -> None:
        self._writer.writerows(rows)

    def write_as_it_is(self, line: str) -> None:
        """A line that no CSV writer would write."""
        self._stream.write(line + self._end)

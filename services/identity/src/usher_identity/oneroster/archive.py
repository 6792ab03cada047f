"""The files of a set, in a folder or a zip. A zip is never unpacked to disk, and nothing that it says is believed."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol

from usher_identity.oneroster.limits import (
    FREE_UNPACKED_BYTES,
    MAX_DIRECTORY_BYTES,
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_UNPACKED_BYTES,
)
from usher_identity.oneroster.refusal import SetRefused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
"""What the standard library raises for a zip that is broken or packed in a way that it cannot unpack."""

ENCRYPTED = 0x1
"""The bit of an entry's flags that says it needs a password."""


class SetFiles(Protocol):
    """Files by their path inside a folder or a zip, `/` between its parts."""

    def paths(self) -> Sequence[str]: ...

    def open(self, path: str) -> BinaryIO:
        """The bytes of one file, from the start. May raise `SetRefused` at any read."""
        ...


class Folder:
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self) -> Sequence[str]:
        found: list[str] = []
        for path in self._root.rglob("*"):
            if path.is_file():
                found.append(path.relative_to(self._root).as_posix())
            if len(found) > MAX_ENTRIES:
                raise SetRefused(
                    "too_many_files", f"{self._root} holds more than {MAX_ENTRIES} files; give a set's own"
                )
        return sorted(found)

    def open(self, path: str) -> BinaryIO:
        return (self._root / path).open("rb")


class Zip:
    """A zip in a seekable file. Its names are checked at once, its bytes are counted as they come out."""

    def __init__(self, file: BinaryIO) -> None:
        self._meter = _Meter(archive_bytes=file.seek(0, io.SEEK_END))
        try:
            self._zip = zipfile.ZipFile(_Guarded(file))
        except UNREADABLE as error:
            raise SetRefused("broken_zip", f"the zip cannot be read ({error}); pack it again") from None
        self._entries = self._check_entries()

    def _check_entries(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > MAX_ENTRIES:
            raise SetRefused("too_many_files", f"the zip has {len(infos)} entries; a set has at most {MAX_ENTRIES}")
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            path = check_path(info.filename)
            if path in entries:
                raise SetRefused("repeated_entry", f"the zip holds {path} twice; keep the one that counts")
            if not info.is_dir():
                entries[path] = info
        self._meter.check(sum(info.file_size for info in infos))
        return entries

    def paths(self) -> Sequence[str]:
        return sorted(self._entries)

    def open(self, path: str) -> BinaryIO:
        info = self._entries[path]
        if info.flag_bits & ENCRYPTED:
            raise SetRefused("encrypted_zip", f"{path} in the zip needs a password; pack the set without one")
        try:
            raw = self._zip.open(info)
        except UNREADABLE as error:
            raise SetRefused("broken_zip", f"{path} in the zip cannot be read ({error}); pack it again") from None
        return io.BufferedReader(_Metered(raw, path, self._meter), 65_536)


def check_path(name: str) -> str:
    """`name` with `/` between its parts; refused where it points outside the set."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ":" in path.split("/", 1)[0] or ".." in path.split("/"):
        raise SetRefused(
            "unsafe_path", f"the zip holds {name!r}, a path that leads outside it; pack the set's files alone"
        )
    return path


class _Meter:
    """How many bytes came out of a zip so far: each file counts once, however often it is read."""

    def __init__(self, archive_bytes: int) -> None:
        self._allowed = min(MAX_UNPACKED_BYTES, max(FREE_UNPACKED_BYTES, archive_bytes * MAX_RATIO))
        self._reached: dict[str, int] = {}

    def record(self, path: str, position: int) -> None:
        if position > self._reached.get(path, 0):
            self._reached[path] = position
            self.check(sum(self._reached.values()))

    def check(self, unpacked: int) -> None:
        if unpacked > self._allowed:
            raise SetRefused(
                "zip_bomb",
                f"the zip unpacks to more than {self._allowed:,} bytes, which is more than a set may have"
                f" (at most {MAX_RATIO} times its own size, and {MAX_UNPACKED_BYTES:,} bytes)",
            )


class _Metered(io.RawIOBase):
    """One unpacked file, every byte of it counted before it is handed on."""

    def __init__(self, raw: IO[bytes], path: str, meter: _Meter) -> None:
        self._raw = raw
        self._path = path
        self._meter = meter
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            chunk = self._raw.read(len(view))
        except UNREADABLE as error:
            reason = f"{self._path} in the zip cannot be read ({error}); pack it again"
            raise SetRefused("broken_zip", reason) from None
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        self._meter.record(self._path, self._position)
        return len(chunk)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Guarded:
    """A file that never hands out a long run at once, so that a zip's list of entries cannot fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise SetRefused(
                "too_many_files", "the zip's list of entries is too long for a set; pack the set's files alone"
            )
        return self._file.read(size if size >= 0 else MAX_DIRECTORY_BYTES)

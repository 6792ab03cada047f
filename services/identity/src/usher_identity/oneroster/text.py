"""From bytes to lines: UTF-8 wherever it is, and for other lines the encoding that they most likely are in."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from charset_normalizer import from_bytes

from usher_identity.oneroster.limits import MAX_LINE_CHARACTERS
from usher_identity.oneroster.refusal import SetRefused

LIKELY = ("cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5", "cp949", "cp1253", "cp1254", "cp1255", "cp1256")
"""Encodings that exporters use besides UTF-8; the first is taken where several are equally likely."""

SAMPLE_BYTES = 65_536
"""Bytes of lines other than UTF-8 that are looked at to tell their encoding."""

NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""Bytes that Python's `surrogateescape` could not decode."""


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How a file is read: by `name`, and lines that are not valid in it (the first is `line`) by `fallback`."""

    name: str
    fallback: str | None = None
    line: int = 0
    lines: int = 0
    """How many lines the file has."""


def detect(name: str, open_file: Callable[[], BinaryIO]) -> TextEncoding:
    """Read a file once, to its end, and say how it is encoded. Raises `SetRefused` where it cannot be read at all."""
    with open_file() as stream:
        start = stream.read(2)
    encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    sample = bytearray()
    first = number = 0
    with open_file() as stream:
        for number, line in enumerate(_raw_lines(name, stream, encoding), start=1):
            if not line.isascii() and NOT_UTF8.search(line):
                first = first or number
                if len(sample) < SAMPLE_BYTES:
                    sample += line.encode("utf-8", "surrogateescape")
    return TextEncoding(encoding, guess(bytes(sample)) if sample else None, first, number)


def guess(sample: bytes) -> str:
    """The likeliest encoding of `sample`, whole lines that are not UTF-8."""
    matches = from_bytes(sample, cp_isolation=list(LIKELY))
    ranked = [
        (round(match.chaos, 2), -match.coherence, LIKELY.index(encoding))
        for match in matches
        for encoding in match.could_be_from_charset
        if encoding in LIKELY
    ]
    return LIKELY[min(ranked)[2]] if ranked else LIKELY[0]


def read_lines(stream: BinaryIO, encoding: TextEncoding) -> Iterator[str]:
    """The lines of a file whose encoding was detected, with their ends, whatever these are.

    What cannot be decoded becomes U+FFFD.
    """
    with _as_text(stream, encoding.name) as text:
        if encoding.fallback is None:
            yield from text
            return
        for line in text:
            if line.isascii() or not NOT_UTF8.search(line):
                yield line
            else:
                yield line.encode("utf-8", "surrogateescape").decode(encoding.fallback, "replace")


def _raw_lines(name: str, stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines of a file that may be anything, each of bounded length."""
    with _as_text(stream, encoding) as text:
        for line in iter(partial(text.readline, MAX_LINE_CHARACTERS), ""):
            if len(line) == MAX_LINE_CHARACTERS:
                reason = f"{name} has a line of more than {MAX_LINE_CHARACTERS:,} characters: it is not a CSV file"
                raise SetRefused("not_csv", reason)
            yield line


def _as_text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    return io.TextIOWrapper(stream, encoding, errors, newline="")

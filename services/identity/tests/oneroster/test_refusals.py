"""Sets that are not taken: each is refused before anything of it is read in, with one line that says what to do."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from usher_identity.oneroster import archive, limits
from usher_identity.oneroster.reading import read_folder, read_zip
from usher_identity.oneroster.refusal import SetRefused

Files = Mapping[str, str | bytes]
Pack = Callable[[Files], io.BytesIO]


def count_nobody(_: str) -> None:
    """Everybody is read in full."""


def refusal_of(zip_: io.BytesIO) -> str:
    """The code of the refusal, at opening or on reading to the end."""
    with pytest.raises(SetRefused) as refused:
        list(read_zip(zip_).people(count_nobody))
    assert "\n" not in refused.value.reason
    assert len(refused.value.reason) > 30, "a reason says what was wrong, where, and what to do"
    return refused.value.code


def without(files: Files, name: str) -> Files:
    return {key: content for key, content in files.items() if key != name}


@pytest.mark.parametrize(
    ("story", "change", "code"),
    [
        ("no organizations", lambda files: without(files, "orgs.csv"), "missing_file"),
        ("no people", lambda files: without(files, "users.csv"), "missing_file"),
        ("nothing at all", lambda _: {}, "no_set"),
        ("something else", lambda _: {"report.pdf": b"%PDF"}, "no_set"),
        ("a zip in a zip", lambda _: {"set.zip": b"PK\x03\x04"}, "no_set"),
        ("two sets", lambda files: {**files, "old/users.csv": "sourcedId\n", "old/orgs.csv": "x"}, "several_sets"),
        ("SDS v1", lambda _: {"School.csv": "SIS ID,Name\n", "Section.csv": "SIS ID\n"}, "sds_v1"),
        ("an empty file", lambda files: {**files, "users.csv": ""}, "empty_file"),
        ("a spreadsheet by another name", lambda files: {**files, "users.csv": b"PK\x03\x04\x14\x00"}, "not_csv"),
        ("a web page", lambda files: {**files, "orgs.csv": "<!doctype html><html>"}, "not_csv"),
        ("another file's columns", lambda files: {**files, "users.csv": "id,name\n1,Ann\n"}, "not_csv"),
        ("a line without end", lambda files: {**files, "users.csv": "sourcedId," + "x" * 2**20}, "not_csv"),
        ("a version to come", lambda files: {**files, "manifest.csv": "propertyName,value\noneroster.version,2.0\n"},
            "unknown_version"),
        ("a path out of it", lambda files: {**files, "../evil.csv": "x"}, "unsafe_path"),
        ("a path out of it, as on Windows", lambda files: {**files, "..\\evil.csv": "x"}, "unsafe_path"),
        ("a path from the root", lambda files: {**files, "/etc/evil.csv": "x"}, "unsafe_path"),
        ("a drive", lambda files: {**files, "C:\\evil.csv": "x"}, "unsafe_path"),
        ("too many entries", lambda files: {**files, **{f"n{n}.txt": "" for n in range(limits.MAX_ENTRIES)}},
            "too_many_files"),
    ],
)  # fmt: skip
def test_a_zip_is_refused(pack: Pack, small: Files, story: str, change: Callable[[Files], Files], code: str) -> None:
    assert refusal_of(pack(change(small))) == code, story


def test_the_small_set_itself_is_taken(pack: Pack, small: Files) -> None:
    """So that what is refused above is refused for its own reason."""
    assert len(list(read_zip(pack(small)).people(count_nobody))) == 2


def test_a_set_in_a_folder_of_the_zip_is_taken_and_foreign_files_are_passed_over(pack: Pack, small: Files) -> None:
    files = {
        **{f"export/{name.upper()}": content for name, content in small.items()},
        "__MACOSX/export/._users.csv": b"\0\5",
        ".DS_Store": b"\0",
        "README.txt": "hello",
    }
    assert len(list(read_zip(pack(files)).people(count_nobody))) == 2


def test_a_bomb_that_says_what_it_is(pack: Pack, small: Files) -> None:
    header = b"sourcedId,role,username,orgSourcedIds\n"
    bomb = pack({**small, "users.csv": header + b"\n" * (64 * 1024**2)})
    assert len(bomb.getvalue()) < 100_000
    assert refusal_of(bomb) == "zip_bomb"


def test_a_bomb_that_lies_about_its_size(pack: Pack, small: Files) -> None:
    header = b"sourcedId,role,username,orgSourcedIds\n"
    packed = pack({**small, "users.csv": header + b"\n" * (64 * 1024**2)})
    lying = with_declared_size(packed.getvalue(), "users.csv", 100)
    assert refusal_of(io.BytesIO(lying)) in ("zip_bomb", "broken_zip")


def test_a_bomb_is_stopped_while_it_is_read() -> None:
    """The count of bytes as they come out is a wall of its own, with no word of the headers."""
    meter = archive._Meter(archive_bytes=1_000)
    meter.record("users.csv", limits.FREE_UNPACKED_BYTES - 10)
    meter.record("users.csv", 50)
    with pytest.raises(SetRefused, match="unpacks to more than"):
        meter.record("orgs.csv", 11)


def with_declared_size(packed: bytes, name: str, size: int) -> bytes:
    """`packed` with another unpacked size in the directory's entry for `name`."""
    content = bytearray(packed)
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    struct.pack_into("<I", content, at + 24, size)
    return bytes(content)


def test_a_zip_with_a_password(pack: Pack, small: Files) -> None:
    content = bytearray(pack(small).getvalue())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    assert refusal_of(io.BytesIO(bytes(content))) == "encrypted_zip"


@pytest.mark.parametrize("harm", ["cut", "no zip", "flipped bytes", "empty"])
def test_a_broken_zip(pack: Pack, small: Files, harm: str) -> None:
    rows = "".join(f"u{n},,,true,S,teacher,name{n * 7919},,A,B,\n" for n in range(5_000))
    content = bytearray(pack({**small, "users.csv": f"{small['users.csv']!s}{rows}"}).getvalue())
    if harm == "cut":
        del content[len(content) // 2 :]
    elif harm == "no zip":
        content = bytearray(b"sourcedId,name\n1,Ann\n")
    elif harm == "flipped bytes":
        middle = len(content) // 2
        content[middle : middle + 40] = bytes(255 - byte for byte in content[middle : middle + 40])
    else:
        content.clear()
    assert refusal_of(io.BytesIO(bytes(content))) == "broken_zip"


def test_one_name_twice_in_a_zip(small: Files) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writing:
        for name, content in small.items():
            writing.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            writing.writestr("users.csv", small["users.csv"])
    assert refusal_of(packed) == "repeated_entry"


def test_a_long_list_of_entries_is_never_read(monkeypatch: pytest.MonkeyPatch, pack: Pack, small: Files) -> None:
    monkeypatch.setattr(archive, "MAX_DIRECTORY_BYTES", 100)
    assert refusal_of(pack(small)) == "too_many_files"


def test_a_folder_that_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(SetRefused, match=r"there is no orgs\.csv"):
        read_folder(tmp_path)


def test_a_delta_set_may_leave_out_organizations_that_it_says_are_absent(write_set: Any) -> None:
    manifest = "propertyName,value\noneroster.version,1.1\nfile.orgs,absent\nfile.users,delta\n"
    folder = write_set(manifest=manifest)
    (folder / "orgs.csv").unlink()
    roster = read_folder(folder)
    assert (list(roster.organizations.organizations), len(list(roster.people(count_nobody)))) == ([], 2)
    (folder / "manifest.csv").write_text(manifest.replace("delta", "bulk"))
    with pytest.raises(SetRefused, match=r"has no orgs\.csv"):
        read_folder(folder)

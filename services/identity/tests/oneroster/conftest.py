"""Small sets to read: a folder with one district, one school and two people, of which each test bends one thing."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from usher_identity.domain.incoming import IncomingPerson, Issue
from usher_identity.oneroster.reading import RosterSet, read_folder

ORGS = """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
D,active,,Fir District,district,1,
S,active,,Oak School,school,2,D
"""
USERS = """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,email
u1,active,,true,S,teacher,ann.lee,,Ann,Lee,ann.lee@fir.example.org
u2,active,,true,S,principal,bo.ek,,Bo,Ek,bo.ek@fir.example.org
"""
FILES: Mapping[str, str | bytes] = {"orgs.csv": ORGS, "users.csv": USERS}

Files = Mapping[str, str | bytes]


class WriteSet(Protocol):
    def __call__(self, **files: str | bytes) -> Path: ...


@pytest.fixture
def write_set(tmp_path: Path) -> WriteSet:
    """Write the small set with other files beside or instead of its own, named without `.csv`."""

    def write(**files: str | bytes) -> Path:
        for name, content in {**FILES, **{f"{name}.csv": content for name, content in files.items()}}.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


@pytest.fixture
def pack() -> Callable[[Files], io.BytesIO]:
    """Pack files into a zip."""

    def make(files: Files) -> io.BytesIO:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return packed

    return make


@pytest.fixture
def small() -> Files:
    return FILES


class Reading:
    """What reading a set gave."""

    def __init__(self, roster: RosterSet) -> None:
        items = list(roster.people(lambda _: None))
        self.roster = roster
        self.people = {item.external_id: item for item in items if isinstance(item, IncomingPerson)}
        self.issues = [item for item in items if isinstance(item, Issue)]
        self.notes = list(roster.notes)
        self.organizations = {one.external_id: one for one in roster.organizations.organizations}

    @property
    def codes(self) -> list[tuple[str | None, int | None, str]]:
        """Row id, line and code of each row's issue."""
        return [(issue.row_id, issue.line, issue.code) for issue in self.issues]

    def words(self, person: str) -> list[str]:
        return [role.word for role in self.people[person].roles]


@pytest.fixture
def read() -> Callable[[Path], Reading]:
    return lambda path: Reading(read_folder(path))

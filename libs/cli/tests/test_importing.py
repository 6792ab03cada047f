"""Uploading a set: a folder becomes a zip, the job is followed to its end, and what was not taken is told."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from usher_cli.clients.session import Outside
from usher_cli.environment import Environment
from usher_cli.failure import Failure
from usher_cli.importing import as_zip
from usher_cli.main import app

ISSUE = {
    "severity": "error",
    "file": "users.csv",
    "line": 7,
    "column": "email",
    "code": "x",
    "reason": "no email [sic]",
}


def job(state: str, **changes: Any) -> dict[str, Any]:
    counts = {"organizations": {"created": 2}, "people": {"created": 5, "not_taken": 1}, "counted": {"student": 9}}
    progress = {"phase": "people", "done": 3, "total": 6}
    names = {"file_name": "set.zip", "dialect": "OneRoster 1.1", "mode": "bulk"}
    return {"id": "j", "state": state, "progress": progress, "counts": counts, "issues": 1, **names, **changes}


class Identity:
    """A service that takes a set and answers with these states of its job, one after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self._states: Iterator[dict[str, Any]] = iter(states)
        self.uploaded = b""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v1/imports":
            self.uploaded = request.read()
            return httpx2.Response(202, json=job("waiting"))
        if request.url.path == "/v1/jobs/j/issues.csv":
            return httpx2.Response(200, text="severity,file\nerror,users.csv\n")
        if request.url.path == "/v1/jobs/j/issues":
            return httpx2.Response(200, json={"items": [ISSUE], "next_cursor": None})
        return httpx2.Response(200, json=next(self._states))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "district"
    made.mkdir()
    (made / "orgs.csv").write_text("sourcedId\n1\n")
    (made / "USERS.CSV").write_text("sourcedId\n2\n")
    (made / "notes.txt").write_text("not for you")
    return made


def run(identity: Identity, *arguments: str) -> Any:
    around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(identity))
    return CliRunner().invoke(app, ["import", "oneroster", *arguments], obj=around)


def test_a_folder_is_sent_as_a_zip_of_its_csv_files(folder: Path) -> None:
    with as_zip(folder) as archive:
        assert (archive.name, sorted(zipfile.ZipFile(archive).namelist())) == (
            "district.zip",
            ["USERS.CSV", "orgs.csv"],
        )
    assert not archive.exists()


def test_a_zip_is_sent_as_it_is(tmp_path: Path) -> None:
    given = tmp_path / "set.zip"
    given.write_bytes(b"whatever it holds")
    with as_zip(given) as archive:
        assert archive == given


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_set_is_refused_before_anything_is_sent(path: str, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="is no OneRoster set"), as_zip(tmp_path / path):
        pytest.fail("it was taken")


def test_counts_and_issues_are_told_and_written(folder: Path, tmp_path: Path) -> None:
    identity = Identity(job("running"), job("done"))
    result = run(identity, str(folder), "--source", "sis", "--issues", str(tmp_path / "issues.csv"))
    assert result.exit_code == 0, result.output
    assert "not taken" in result.stdout
    assert "no email [sic]" in result.stdout
    assert (tmp_path / "issues.csv").read_text().startswith("severity,file")
    assert b'name="source"\r\n\r\nsis' in identity.uploaded
    assert b"USERS.CSV" in identity.uploaded


def test_json_is_the_job_as_the_api_gave_it(folder: Path) -> None:
    result = run(Identity(job("done", extra="kept")), str(folder), "--json")
    assert json.loads(result.stdout) == job("done", extra="kept")


def test_a_failed_import_is_a_failed_command(folder: Path) -> None:
    failed = job("failed", error={"code": "no_orgs", "detail": "The set has no orgs.csv; add it."})
    result = run(Identity(failed), str(folder))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The set has no orgs.csv; add it." in result.stderr


def test_an_upload_is_a_readable_zip(folder: Path) -> None:
    identity = Identity(job("done"))
    run(identity, str(folder))
    start = identity.uploaded.index(b"PK\x03\x04")
    assert zipfile.ZipFile(io.BytesIO(identity.uploaded[start:])).testzip() is None

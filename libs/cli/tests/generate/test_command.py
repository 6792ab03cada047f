"""`usher generate`: what it writes, and what it will not write over."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from usher_cli.commands.generate import check_free, generate
from usher_cli.failure import Failure

app = typer.Typer()
app.command()(generate)


def test_it_writes_a_zip_and_says_what_is_in_it(tmp_path: Path) -> None:
    out = tmp_path / "fir.zip"
    arguments = ["--people", "60", "--out", str(out), "--zip", "--json", "--at", "2026-09-01"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["people"] == 60
    assert said["path"] == str(out)
    assert out.stat().st_size > 1_000


def test_it_writes_over_a_set_of_its_own_and_over_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").touch()
    check_free(tmp_path, zipped=False)
    (tmp_path / "manifest.csv").rename(tmp_path / "thesis.txt")
    with pytest.raises(Failure, match="holds something else"):
        check_free(tmp_path, zipped=False)
    with pytest.raises(Failure, match="is a folder"):
        check_free(tmp_path, zipped=True)
    with pytest.raises(Failure, match="is a file"):
        check_free(tmp_path / "thesis.txt", zipped=False)

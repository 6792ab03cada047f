"""The short form of the fault suite: the real services through one fault of every kind, on servers of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .faults import BRIEF

CLONE = Path(__file__).parents[2]
FAULTS = len(BRIEF)
SEED = 2617
"""Four processes die at points, no server is away for long, and entitlements hears of the last first."""

FIGURES = ["seed", "faults", "acknowledged", "lost", "doubled", "over_cap", "invariants_broken", "seconds"]


@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_or_given_beyond_a_cap(tmp_path: Path) -> None:
    figures = tmp_path / "chaos.json"
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(SEED), "--faults", str(FAULTS)]
    places = ["--home", str(CLONE / ".usher" / "chaos-test"), "--figures", str(figures)]
    ran = subprocess.run([*command, *places], check=False, capture_output=True, text=True, cwd=CLONE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(figures.read_text())
    assert list(found) == FIGURES
    assert found["acknowledged"] > FAULTS * 10
    assert [found[name] for name in FIGURES[3:7]] == [0, 0, 0, 0]

"""What the benchmarks make of what they measured: the file, the ratios, and a set without its people."""

import csv
import json
import zipfile
from datetime import date
from pathlib import Path

from tests.bench.figures import Figure, write
from tests.bench.flow import FLOOR, ORDINARY, OURS
from tests.bench.flow_figures import to_figures
from tests.bench.imports import organizations_alone
from tests.bench.million import to_figures as to_million_figures
from tests.bench.sizes import Sizes

from usher_cli.generate.district import generate_district


def test_the_file_has_each_figure_with_its_runs(tmp_path: Path) -> None:
    write(tmp_path / "bench.json", "2 cores", {"change_p50_ms": Figure.of([9.004, 7.0, 30.0], "ms", "goal 30")})
    assert json.loads((tmp_path / "bench.json").read_text()) == {
        "machine": "2 cores",
        "figures": {"change_p50_ms": {"value": 9.0, "unit": "ms", "runs": [9.0, 7.0, 30.0], "against": "goal 30"}},
    }
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]


def test_a_ratio_is_taken_of_each_round_before_the_median() -> None:
    rounds = [
        {OURS: 3_000.0, ORDINARY: 100.0, FLOOR: 6_000.0},
        {OURS: 1_000.0, ORDINARY: 50.0, FLOOR: 2_000.0},
        {OURS: 2_000.0, ORDINARY: 50.0, FLOOR: 3_000.0},
    ]
    found = to_figures(rounds, dict.fromkeys(rounds[0], 1_000))
    assert found["flow_vs_ordinary"].runs == [30, 20, 40]
    assert found["flow_vs_ordinary"].value == 30
    assert found["flow_vs_floor"].value == 0.5
    assert found["flow_people_per_second"].value == 2_000


def test_a_way_that_failed_once_costs_its_round_alone() -> None:
    found = to_figures([{OURS: 3_000.0, ORDINARY: 100.0}, {OURS: 1_000.0}], {OURS: 1_000, ORDINARY: 100})
    assert found["flow_vs_ordinary"].runs == [30]
    assert found["flow_people_per_second"].runs == [3_000, 1_000]


def test_a_way_that_was_not_run_gives_no_ratio() -> None:
    assert to_figures([{OURS: 3_000.0}], {OURS: 1_000}).keys() == {"flow_people_per_second"}


def test_the_worst_ratio_of_a_round_is_the_figure() -> None:
    rounds = [{"dashboard": (8.0, 80.0), "claims": (6.0, 4.0)}, {"dashboard": (10.0, 50.0), "claims": (9.0, 5.0)}]
    found = to_million_figures(rounds, Sizes())
    assert found["dashboard_1m_ms"].value == 9
    assert found["dashboard_1m_vs_sql"].runs == [1.5, 1.8]
    assert "claims: 7.5 ms, SQL 4.5" in found["dashboard_1m_vs_sql"].against


def test_organizations_can_be_imported_before_their_people(tmp_path: Path) -> None:
    made = generate_district(50, 1, tmp_path / "set.zip", date(2026, 9, 1), zipped=True)
    with zipfile.ZipFile(organizations_alone(made.path)) as alone, zipfile.ZipFile(made.path) as whole:
        assert alone.namelist() == ["manifest.csv", "orgs.csv"]
        assert alone.read("orgs.csv") == whole.read("orgs.csv")
        told = dict(csv.reader(alone.read("manifest.csv").decode().splitlines()))
    assert told["file.orgs"] == "bulk"
    assert {value for name, value in told.items() if name.startswith("file.") and name != "file.orgs"} == {"absent"}

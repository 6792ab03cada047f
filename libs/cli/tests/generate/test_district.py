"""Generated districts: of the size asked for, the same each time, and untidy where they say so."""

import csv
import io
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from usher_cli.generate.district import Generated, generate_district
from usher_cli.generate.names import FAMILY, GIVEN, plain

AT = date(2026, 9, 1)
COUNTED = {"student"}
TAKEN = {"teacher", "aide", "staff", "principal", "administrator", "siteAdministrator", "districtAdministrator"}


def generate(tmp_path: Path, people: int, **options: object) -> Generated:
    return generate_district(people, 7, tmp_path / "set", AT, **options)  # type: ignore[arg-type]


def read(made: Generated, name: str) -> list[dict[str, str]]:
    """A file's rows by column, whatever their width."""
    text = (made.path / name).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def staff_of(made: Generated) -> list[dict[str, str]]:
    """The rows of people to be imported: each id once, without the odd ones."""
    rows = {row["sourcedId"]: row for row in reversed(read(made, "users.csv"))}
    return [row for row in rows.values() if row["sourcedId"].startswith("E")]


@pytest.mark.parametrize("people", [1, 2, 7, 50, 400, 3_000])
def test_exactly_so_many_people_work_there(tmp_path: Path, people: int) -> None:
    made = generate(tmp_path, people)
    staff = staff_of(made)
    assert len(staff) == made.people == people
    assert {row["role"] for row in staff} <= TAKEN | {""}
    assert {row["orgSourcedIds"].split(",")[0] for row in staff} <= {row["sourcedId"] for row in read(made, "orgs.csv")}
    students = [row for row in read(made, "users.csv") if row["role"] == "student"]
    assert len(students) == made.students
    assert abs(made.students - 2 * people) <= max(8, people / 5)
    assert made.organizations == len(read(made, "orgs.csv"))


def test_user_names_and_addresses_are_each_ones_own_and_lead_nowhere(tmp_path: Path) -> None:
    staff = staff_of(generate(tmp_path, 3_000))
    assert len({row["username"].lower() for row in staff}) == 3_000
    assert len({row["email"] for row in staff}) == 3_000
    assert all(row["email"].endswith(".example.org") for row in staff)
    assert len({plain(name) for name in GIVEN}) == len(GIVEN)
    assert len({plain(name) for name in FAMILY}) == len(FAMILY)


def test_people_outnumber_the_names_and_still_have_names_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("usher_cli.generate.names.GIVEN", GIVEN[:5])
    monkeypatch.setattr("usher_cli.generate.names.FAMILY", FAMILY[:7])
    assert len({row["username"] for row in staff_of(generate(tmp_path, 400))}) == 400


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    one = generate_district(300, 3, tmp_path / "one", AT)
    two = generate_district(300, 3, tmp_path / "two", AT)
    other = generate_district(300, 4, tmp_path / "other", AT)
    files = sorted(path.name for path in one.path.iterdir())
    assert [(one.path / name).read_bytes() for name in files] == [(two.path / name).read_bytes() for name in files]
    assert (one.path / "users.csv").read_bytes() != (other.path / "users.csv").read_bytes()


def test_a_zip_holds_the_same_files(tmp_path: Path) -> None:
    folder = generate_district(300, 3, tmp_path / "set", AT)
    zipped = generate_district(300, 3, tmp_path / "set.zip", AT, zipped=True)
    again = generate_district(300, 3, tmp_path / "again.zip", AT, zipped=True)
    assert zipped.path.read_bytes() == again.path.read_bytes()
    with zipfile.ZipFile(zipped.path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in folder.path.iterdir()
        }


def test_it_is_as_untidy_as_real_ones(tmp_path: Path) -> None:
    made = generate(tmp_path, 2_000)
    users = (made.path / "users.csv").read_bytes()
    assert users.startswith(b"\xef\xbb\xbf")
    assert users.count(b"\r\n") == users.count(b"\n")
    rows = read(made, "users.csv")
    assert {row["enabledUser"] for row in rows} >= {"true", "TRUE", "True", "1"}
    ids = Counter(row["sourcedId"] for row in rows)
    assert sum(count > 1 for count in ids.values()) == made.issues["repeated_id"] == 5
    assert sum(row.get("metadata.badge") is None for row in rows) == made.issues["short_row"]
    assert sum(None in row for row in rows) == made.issues["long_row"]
    assert sum(not row["username"] and not row["email"] for row in rows) == made.issues["missing_value"]
    orgs = read(made, "orgs.csv")
    parents = {row["parentSourcedId"] for row in orgs} - {""}
    assert parents - {row["sourcedId"] for row in orgs} == {"X-0000"}
    assert sum("," in row["orgSourcedIds"] for row in staff_of(made)) > 20


def test_teachers_without_a_role_are_known_by_enrollments(tmp_path: Path) -> None:
    made = generate(tmp_path, 2_000)
    nameless = {row["sourcedId"] for row in staff_of(made) if not row["role"]}
    teaching = {row["userSourcedId"] for row in read(made, "enrollments.csv") if row["role"] == "teacher"}
    assert 10 < len(nameless) < 100
    assert nameless <= teaching


def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    made = generate(tmp_path, 300)
    users = {row["sourcedId"] for row in read(made, "users.csv")}
    classes = {row["sourcedId"]: row["schoolSourcedId"] for row in read(made, "classes.csv")}
    orgs = {row["sourcedId"] for row in read(made, "orgs.csv")}
    assert set(classes.values()) <= orgs
    for row in read(made, "enrollments.csv"):
        assert row["userSourcedId"] in users
        assert classes[row["classSourcedId"]] == row["schoolSourcedId"]


def test_a_large_district_is_parted_into_zones(tmp_path: Path) -> None:
    made = generate_district(6_000, 1, tmp_path / "set", AT, students=0)
    kinds = Counter(row["type"] for row in read(made, "orgs.csv"))
    assert kinds["district"] == 1
    assert kinds["local"] >= 3
    assert made.students == 0


def test_two_school_years_of_two_semesters_leave_the_holidays_of_the_logins_free(tmp_path: Path) -> None:
    sessions = [
        (row["type"], row["startDate"], row["endDate"]) for row in read(generate(tmp_path, 5), "academicSessions.csv")
    ]
    assert sessions == [
        ("schoolYear", "2025-08-15", "2026-06-10"),
        ("semester", "2025-08-15", "2025-12-20"),
        ("semester", "2026-01-04", "2026-06-10"),
        ("schoolYear", "2026-08-15", "2027-06-10"),
        ("semester", "2026-08-15", "2026-12-20"),
        ("semester", "2027-01-04", "2027-06-10"),
    ]

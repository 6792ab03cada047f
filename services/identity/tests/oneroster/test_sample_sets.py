"""Sets that others made, where `USHER_SAMPLE_DATA` points: each is taken, or refused with one clear line."""

import os
from collections import Counter
from pathlib import Path

import pytest

from usher_identity.domain.import_survey import mapped_of
from usher_identity.domain.incoming import Issue
from usher_identity.domain.mapping import DEFAULT, SDS, Counted, MappedPerson
from usher_identity.oneroster.manifest import Dialect
from usher_identity.oneroster.reading import RosterSet, read_folder
from usher_identity.oneroster.refusal import SetRefused

SAMPLES = Path(os.environ.get("USHER_SAMPLE_DATA", "")) / "oneroster"
pytestmark = pytest.mark.skipif(
    "USHER_SAMPLE_DATA" not in os.environ, reason="USHER_SAMPLE_DATA names no folder with sample sets"
)

SDS_SAMPLES = "ms-sds/CSV Samples"
# Folder, dialect, organizations, people by our roles, and who is counted: as counted with a spreadsheet's eyes.
TAKEN = [
    ("edfi-lms-1.0", Dialect.ONEROSTER_1_0, 2, {"teaches": 2}, {"student": 8}),
    ("edfi-lms-1.1", Dialect.ONEROSTER_1_1, 2, {"teaches": 2}, {"student": 8}),
    ("gospelnerd-district-small", Dialect.ONEROSTER_1_1, 4, {"teaches": 16, "leads": 4}, {"student": 248}),
    ("gospelnerd-district-medium", Dialect.ONEROSTER_1_1, 9, {"teaches": 50, "leads": 9}, {"student": 778}),
    ("nicelion-outputs", Dialect.ONEROSTER_1_1, 2, {"leads": 1}, {"student": 2, "parent": 1}),
    (f"{SDS_SAMPLES}/SDS v2", Dialect.SDS_2, 5, {"teaches": 7}, {"student": 22}),
    (f"{SDS_SAMPLES}/SDS v2.1", Dialect.SDS_2_1, 4, {"teaches": 2}, {"student": 4, "guardian": 2}),
]
REFUSED = [
    f"{SDS_SAMPLES}/{form} Format/{size}"
    for form in ("SDS", "UK")
    for size in ("25 Users", "100 Users", "Min Required Attributes")
]
KINDS = {frozenset({"learner", "observable"}): "teaches", frozenset({"observer", "reporter"}): "leads"}


def count(roster: RosterSet) -> tuple[dict[str, int], dict[str, int], list[Issue]]:
    """Imported people by what their roles come to, others by what they are counted as, and issues of rows."""
    mapping = SDS if roster.dialect.is_sds else DEFAULT
    mapped = [mapped_of(item, mapping) for item in roster.people(mapping.count_as)]
    people = Counter(KINDS[one.roles] for one in mapped if isinstance(one, MappedPerson))
    counted = Counter(one.kind for one in mapped if isinstance(one, Counted))
    return people, counted, [one for one in mapped if isinstance(one, Issue)]


@pytest.mark.parametrize(
    ("folder", "dialect", "organizations", "people", "counted"), TAKEN, ids=[taken[0] for taken in TAKEN]
)
def test_a_sample_set_is_read_whole(
    folder: str, dialect: Dialect, organizations: int, people: dict[str, int], counted: dict[str, int]
) -> None:
    roster = read_folder(SAMPLES / folder)
    assert roster.dialect is dialect
    assert len(roster.organizations.organizations) == organizations
    assert count(roster) == (people, counted, [])
    assert (roster.notes, roster.organizations.issues) == ([], [])
    assert roster.row_count == sum(people.values()) + sum(counted.values())


@pytest.mark.parametrize("folder", REFUSED)
def test_microsofts_first_dialect_is_refused(folder: str) -> None:
    with pytest.raises(SetRefused, match=r"^this is Microsoft SDS v1 .* export SDS v2\.1 or OneRoster instead$"):
        read_folder(SAMPLES / folder)


def test_every_sample_set_is_either_taken_or_refused_above() -> None:
    folders = {path.parent for path in SAMPLES.rglob("*.csv")}
    known = {SAMPLES / folder for folder, *_ in TAKEN} | {SAMPLES / folder for folder in REFUSED}
    assert {folder for folder in folders if folder not in known and folder.parent not in known} == set()


def test_the_file_of_users_beside_a_set_holds_students_and_parents_alone(tmp_path: Path) -> None:
    outputs = SAMPLES / "nicelion-outputs" / "outputs"
    (tmp_path / "users.csv").write_bytes((outputs / "test-csv.csv").read_bytes())
    (tmp_path / "orgs.csv").write_bytes((outputs / "orgs.csv").read_bytes())
    assert count(read_folder(tmp_path)) == ({}, {"student": 1_187, "parent": 812}, [])

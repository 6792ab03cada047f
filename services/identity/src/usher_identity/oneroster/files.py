"""Which of the files at hand are the set: one folder's, by their names in any case."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from usher_identity.oneroster.refusal import SetRefused

MARKS = frozenset({"orgs.csv", "users.csv", "manifest.csv", "school.csv", "section.csv", "student.csv", "teacher.csv"})
"""Names that a set's folder is known by."""

SDS_V1 = frozenset({"school.csv", "section.csv", "student.csv", "teacher.csv"})

ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tgz", ".tar")


def find_set(paths: Sequence[str]) -> Mapping[str, str]:
    """The set's files: name in lower case to path. Raises `SetRefused` where there is none, or more than one."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for path in map(PurePosixPath, paths):
        if not any(part.startswith((".", "__MACOSX")) for part in path.parts):
            folders[str(path.parent)].setdefault(path.name.casefold(), str(path))
    sets = {folder: names for folder, names in folders.items() if MARKS & names.keys()}
    if len(sets) > 1:
        listed = ", ".join(sorted(sets)[:4])
        raise SetRefused("several_sets", f"there are several sets, in {listed}; give one at a time")
    if not sets:
        raise SetRefused("no_set", _say_nothing_found(paths))
    names = next(iter(sets.values()))
    if SDS_V1 & names.keys() and not {"orgs.csv", "users.csv"} & names.keys():
        raise SetRefused(
            "sds_v1",
            "this is Microsoft SDS v1 or its UK form (School.csv, Section.csv, Student.csv, Teacher.csv),"
            " which is not read; export SDS v2.1 or OneRoster instead",
        )
    return names


def _say_nothing_found(paths: Sequence[str]) -> str:
    inner = [path for path in paths if path.casefold().endswith(ARCHIVES)]
    if inner:
        return f"there is no orgs.csv, but another archive, {inner[0]}; unpack it and give the set itself"
    shown = ", ".join(paths[:4]) or "no file at all"
    return f"there is no orgs.csv and no users.csv, but {shown}; give a folder or zip with a OneRoster set"

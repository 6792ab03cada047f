"""What a set says of itself in manifest.csv, and what its columns say where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from usher_identity.domain.incoming import Issue, Severity
from usher_identity.oneroster.refusal import SetRefused
from usher_identity.oneroster.table import Table


class Dialect(StrEnum):
    """The kinds of sets that are read."""

    ONEROSTER_1_0 = "OneRoster 1.0"
    ONEROSTER_1_1 = "OneRoster 1.1"
    ONEROSTER_1_2 = "OneRoster 1.2"
    SDS_2 = "Microsoft SDS v2"
    SDS_2_1 = "Microsoft SDS v2.1"

    @property
    def is_sds(self) -> bool:
        return self in (Dialect.SDS_2, Dialect.SDS_2_1)


class Mode(StrEnum):
    """How much a file tells (OneRoster: bulk or delta)."""

    BULK = "bulk"
    """Everything: who is not listed is gone."""
    DELTA = "delta"
    """Changes alone: who is not listed is as before."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """manifest.csv; empty where a set has none, as OneRoster 1.0 and SDS."""

    exists: bool = False
    version: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    """How each file is given, by its name without `.csv` in lower case: bulk, delta or absent."""
    issues: Sequence[Issue] = ()
    """Of its rows that could not be read."""

    def is_absent(self, file: str) -> bool:
        return self.modes.get(file) == "absent"


def read_manifest(table: Table) -> Manifest:
    """The manifest's properties; unknown ones, and the version of the manifest itself, are passed over."""
    names, values = table.places("propertyName"), table.places("value")
    properties: dict[str, str] = {}
    issues: list[Issue] = []
    for row in table.rows():
        if isinstance(row, Issue):
            issues.append(row)
        elif names and values:
            _, cells = row
            properties[cells[names[0]].strip().casefold()] = cells[values[0]].strip()
    modes = {name[5:]: mode.casefold() for name, mode in properties.items() if name.startswith("file.")}
    return Manifest(exists=True, version=properties.get("oneroster.version", ""), modes=modes, issues=issues)


def tell_dialect(manifest: Manifest, organizations: Table | None, users: Table | None, roles: Table | None) -> Dialect:
    """The set's dialect: as the manifest says, else as its columns show."""
    if manifest.version:
        return _named_dialect(manifest.version)
    tables = [table for table in (organizations, users) if table]
    if not manifest.exists and not any(table.has("status") or table.has("dateLastModified") for table in tables):
        return Dialect.SDS_2_1 if roles else Dialect.SDS_2
    if roles or (users and users.has("primaryOrgSourcedId")):
        return Dialect.ONEROSTER_1_2
    return Dialect.ONEROSTER_1_1 if manifest.exists or (users and users.has("enabledUser")) else Dialect.ONEROSTER_1_0


def _named_dialect(version: str) -> Dialect:
    for number, dialect in (
        ("1.0", Dialect.ONEROSTER_1_0),
        ("1.1", Dialect.ONEROSTER_1_1),
        ("1.2", Dialect.ONEROSTER_1_2),
    ):
        if f"{version.lower().lstrip('v')}.".startswith(f"{number}."):
            return dialect
    reason = f"manifest.csv says oneroster.version {version[:40]!r}; 1.0, 1.1 and 1.2 are read"
    raise SetRefused("unknown_version", reason)


def tell_mode(manifest: Manifest, file: str) -> tuple[Mode, Issue | None]:
    """Whether `file` tells everything. In doubt nobody is taken for gone, and an issue says so."""
    said = manifest.modes.get(file, "bulk" if not manifest.exists else "")
    if said in tuple(Mode):
        return Mode(said), None
    reason = (
        f"it says {said or 'nothing'!r} of {file}.csv, which is there: the file is read, and nobody is taken for gone"
    )
    return Mode.DELTA, Issue("manifest.csv", None, f"file.{file}", "unclear_mode", reason, severity=Severity.NOTE)

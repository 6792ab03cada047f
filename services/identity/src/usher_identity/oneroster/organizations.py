"""orgs.csv: each organization once, with the parent that its row names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from usher_identity.domain.incoming import IncomingOrganization, Issue, Severity
from usher_identity.oneroster.cells import BadCell, kept_text, required_text
from usher_identity.oneroster.limits import MAX_NAMED
from usher_identity.oneroster.table import Table, first_of

GONE = "tobedeleted"


@dataclass(frozen=True, slots=True)
class OrganizationRows:
    """What orgs.csv gave."""

    organizations: Sequence[IncomingOrganization]
    issues: Sequence[Issue]


def read_organizations(table: Table) -> OrganizationRows:
    """All rows of orgs.csv; of rows with one id, the one that was modified last."""
    columns = {
        name: table.places(name)
        for name in ("sourcedId", "name", "type", "parentSourcedId", "status", "dateLastModified")
    }
    rows: dict[str, list[IncomingOrganization]] = defaultdict(list)
    issues: list[Issue] = []
    for row in table.rows():
        if isinstance(row, Issue):
            issues.append(row)
            continue
        line, cells = row
        values = {name: first_of(cells, places) for name, places in columns.items()}
        try:
            organization = _organization(table.name, line, values)
        except BadCell as bad:
            reason = f"{bad.reason}; the organization was not taken"
            issues.append(
                Issue(table.name, line, bad.column, bad.code, reason, values["sourcedId"][:MAX_NAMED] or None)
            )
        else:
            rows[organization.external_id].append(organization)
    kept = [_latest(same, issues) for same in rows.values()]
    return OrganizationRows(kept, issues)


def _organization(file: str, line: int, values: dict[str, str]) -> IncomingOrganization:
    external_id = required_text("sourcedId", values["sourcedId"])
    return IncomingOrganization(
        external_id=external_id,
        name=kept_text("name", values["name"]) or external_id,
        kind=kept_text("type", values["type"]).casefold() or "organization",
        parent_id=kept_text("parentSourcedId", values["parentSourcedId"]) or None,
        gone=values["status"].casefold() == GONE,
        modified_at=values["dateLastModified"],
        file=file,
        line=line,
    )


def _latest(rows: Sequence[IncomingOrganization], issues: list[Issue]) -> IncomingOrganization:
    """The row to take: modified last; of equals the greatest by content, so that the order of rows decides nothing."""
    best = max(rows, key=lambda row: (row.modified_at, row.name, row.kind, row.parent_id or "", -row.line))
    issues.extend(_repetitions(best, rows))
    return best


def _repetitions(best: IncomingOrganization, rows: Iterable[IncomingOrganization]) -> Iterable[Issue]:
    for row in rows:
        if row is not best:
            same = replace(row, line=best.line) == best
            reason = f"{row.external_id} is also on line {best.line}, which was taken" + (
                " and says the same" if same else ""
            )
            severity = Severity.WARNING if same else Severity.ERROR
            yield Issue(row.file, row.line, "sourcedId", "repeated_id", reason, row.external_id, severity)

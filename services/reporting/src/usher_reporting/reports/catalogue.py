"""Every report that can be exported, by its name."""

from collections.abc import Mapping, Sequence
from typing import Any

from usher_kit.errors import Invalid
from usher_reporting.reports.assignments import ASSIGNMENTS
from usher_reporting.reports.audit import AUDIT
from usher_reporting.reports.claims import CLAIMS
from usher_reporting.reports.compliance import COMPLIANCE
from usher_reporting.reports.dashboard import DASHBOARD
from usher_reporting.reports.organizations import ORGANIZATIONS
from usher_reporting.reports.patterns import PATTERNS
from usher_reporting.reports.renewals import RENEWALS
from usher_reporting.reports.report import Report
from usher_reporting.reports.usage import USAGE

LISTED: Sequence[Report[Any]] = (
    DASHBOARD,
    ORGANIZATIONS,
    CLAIMS,
    PATTERNS,
    ASSIGNMENTS,
    USAGE,
    COMPLIANCE,
    RENEWALS,
    AUDIT,
)
"""In the order in which they are told."""

REPORTS: Mapping[str, Report[Any]] = {report.name: report for report in LISTED}

NAMING_PEOPLE: Sequence[str] = [report.name for report in LISTED if report.names_people]
"""Those whose files go when somebody is erased."""


def report_named(name: str) -> Report[Any]:
    """The report of a name. Raises Invalid for one that is none."""
    if name not in REPORTS:
        raise Invalid(f"There is no report {name!r}; there is {', '.join(REPORTS)}.", pointer="/report")
    return REPORTS[name]

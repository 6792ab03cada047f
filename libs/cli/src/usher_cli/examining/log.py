"""I7: every tenant's audit log is whole, as `usher audit verify` finds it (seats: Invariants, I7)."""

from usher_cli.auditing.verifying import verify_logs
from usher_cli.clients.session import Session
from usher_cli.examining.findings import Finding


def log_is_whole(session: Session) -> Finding:
    """Download and verify every log. It is looked at once: waiting mends none."""
    offenders = [
        f"{verdict.extent.tenant_id}: {found.place}: {found.text}"
        for verdict in verify_logs(session.reporting, None, [])
        for found in verdict.findings
    ]
    return Finding("I7", "the audit log is complete and unbroken", offenders)

"""What the demo says at its end: the dashboard, two explanations, sign-ins, a trace to follow, what to try next."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from usher_cli.clients.session import Session
from usher_cli.commands.dashboard import print_dashboard
from usher_cli.commands.explain import print_explanation
from usher_cli.demo.licenses import DAYS_LEFT
from usher_cli.demo.record import Account, Record
from usher_cli.output import show, table

NOTICE_DAYS = 30
"""How many days before a license's end one of its notices goes out (seats: The life of a license term)."""

NEXT = """
Try next (usher is {usher}):
  usher users list --role observer                          people, found as administrators find them
  usher seats --product observe --state waitlisted          who waits, in their order
  usher licenses create --org {org} --product observe --seats 200 --ends {end}
  usher demo --at {notice}                                move the clock: notices of the coming end go out
  usher doctor                                              every invariant, across the services
Mail is kept in {mail}; each service's API is described at /docs, such as {identity}/docs."""


def tell(session: Session, record: Record) -> None:
    """Print all of it."""
    print_dashboard(session.reporting.dashboard(record.tenant_id))
    for example in record.examples:
        show("")
        person = session.identity.find_user(example.user_id)
        print_explanation(person, session.entitlements.explain(example.user_id, example.product))
    show("")
    print_sign_ins(record.accounts, session.environment.url("console"))
    show(f"\nOne role change, followed through all services: usher trace {record.trace_id}")
    if file := session.environment.file:
        show(what_next(session, record, file.parent))


def what_next(session: Session, record: Record, home: Path) -> str:
    """What to try on this machine, where `home` keeps what is local."""
    return NEXT.format(
        usher=Path(sys.executable).with_name("usher"),
        org=record.tenant_id,
        notice=f"{datetime.now(UTC) + timedelta(days=DAYS_LEFT - NOTICE_DAYS + 1):%Y-%m-%d}",
        end=f"{datetime.now(UTC) + timedelta(days=DAYS_LEFT + 1):%Y-%m-%d}",
        mail=home / "mail",
        identity=session.environment.url("identity"),
    )


def print_sign_ins(accounts: Sequence[Account], console_url: str) -> None:
    rows = [(one.what, one.user_name, one.password) for one in accounts]
    show(table(f"Sign in at {console_url}", ("as", "user name", "password"), rows))

"""`usher report claims` and `usher report assignments`: what happened to seats, and who holds which."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands.report_files import Into, export
from usher_cli.exporting import Filters, read_filters
from usher_cli.failure import Failure
from usher_cli.options import AsJson, At, Cursor, Every, Limit, Org
from usher_cli.output import lasting, moment, print_list

CLAIMS = ("at (UTC)", "what", "product", "from", "to", "why", "by", "change set", "organization", "person")
FIGURES = (
    "#claims", "#assigned", "#promoted", "#waitlisted", "#suspended", "#restored", "#withheld", "#moved", "#released",
)  # fmt: skip
SUMS = ("#net", "#held", "#churn %", "#after a wait", "#half within", "#90 % within")
ASSIGNMENTS = ("person", "organization", "product", "state", "since (UTC)", "activity", "last login (UTC)", "person id")
DAYS = ["%Y-%m-%d"]


class By(StrEnum):
    """What patterns tell apart."""

    MONTH = "month"
    PRODUCT = "product"
    ORGANIZATION = "organization"
    REASON = "reason"


Product = Annotated[str | None, typer.Option("--product", help="Such as learn or observe.")]
User = Annotated[str | None, typer.Option("--user", help="One person: id, user name, email or external id.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=DAYS, help="The first day.")]
Until = Annotated[datetime | None, typer.Option("--until", formats=DAYS, help="The last day.")]


def claims(
    ctx: typer.Context,
    patterns: Annotated[bool, typer.Option("--patterns", help="Count them instead of listing them.")] = False,
    by: Annotated[list[By] | None, typer.Option(help="What patterns tell apart; may be repeated.")] = None,
    org: Org = None,
    at: At = None,
    product: Product = None,
    user: User = None,
    kind: Annotated[str | None, typer.Option(help="assigned, waitlisted, promoted, released and so on.")] = None,
    reason: Annotated[str | None, typer.Option(help="Such as role_granted or seat_freed.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    into: Into = None,
    filters: Filters = None,
    as_json: AsJson = False,
) -> None:
    """List what happened to seats, the newest first; or with --patterns count it, by month unless you say otherwise."""
    if (patterns and (user or kind or reason)) or (by and not patterns):
        raise Failure("--by goes with --patterns; --user, --kind and --reason go without it.")
    asked: dict[str, Any] = {"product": product, **find_person(ctx, user)}
    if patterns:
        asked |= {"since": iso(since), "until": iso(until), "group_by": [one.value for one in by or [By.MONTH]]}
    else:
        asked |= {"kind": kind, "reason": reason, **times(since, until)}
    if into:
        name = "claim-patterns" if patterns else "claims"
        export(ctx, name, into, org, asked | read_filters(filters), at)
        return
    with open_session(outside(ctx)) as session:
        ask = session.reporting.claim_patterns if patterns else session.reporting.claims
        answer = ask(every=every, org_id=session.org_id(org), at=at, **asked, limit=limit, cursor=cursor)
    columns, row = pattern_table(by or [By.MONTH]) if patterns else (CLAIMS, claim_row)
    print_list(answer, columns, row, as_json=as_json)


def assignments(
    ctx: typer.Context,
    org: Org = None,
    at: At = None,
    product: Product = None,
    user: User = None,
    state: Annotated[str | None, typer.Option(help="assigned, waitlisted, suspended, withheld or released.")] = None,
    activity: Annotated[str | None, typer.Option(help="active, warned, inactive, never_used or unknown.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    into: Into = None,
    filters: Filters = None,
    as_json: AsJson = False,
) -> None:
    """List every seat with its person, where they are, whether they hold it, and whether they come."""
    asked: dict[str, Any] = {"product": product, **find_person(ctx, user), "state": state, "activity": activity}
    if into:
        export(ctx, "assignments", into, org, asked | read_filters(filters), at)
        return
    with open_session(outside(ctx)) as session:
        answer = session.reporting.assignments(
            every=every, org_id=session.org_id(org), at=at, **asked, limit=limit, cursor=cursor
        )
    print_list(answer, ASSIGNMENTS, assignment_row, as_json=as_json)


def find_person(ctx: typer.Context, user: str | None) -> dict[str, str]:
    """The filter by a person, whom the user may have named in any way; empty without one."""
    if user is None:
        return {}
    with open_session(outside(ctx)) as session:
        return {"user_id": session.identity.find_user(user)["id"]}


def times(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Days as the times that claims are asked by: from the first one's midnight in UTC to the last one's end."""
    return {
        "from": f"{since:%Y-%m-%d}T00:00:00Z" if since else None,
        "to": f"{until + timedelta(days=1):%Y-%m-%d}T00:00:00Z" if until else None,
    }


def iso(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def claim_row(one: Json) -> Sequence[Any]:
    return (
        moment(one["at"]),
        f"{one['kind']} (void)" if one["is_void"] else one["kind"],
        one["product"],
        one["from_state"],
        one["state"],
        one["reason"],
        one["actor"],
        one["changeset"],
        one["organization"] or one["org_id"],
        one["display_name"] or one["user_id"],
    )


def pattern_table(by: Sequence[By]) -> tuple[Sequence[str], Callable[[Json], Sequence[Any]]]:
    """The columns of patterns that tell apart what `by` says, and what makes a row."""
    told = [one for one in (By.PRODUCT, By.ORGANIZATION, By.REASON) if one in by]

    def row(one: Json) -> Sequence[Any]:
        return (
            one["since"],
            one["until"],
            *(one[what] for what in told),
            *(one[name.removeprefix("#")] for name in FIGURES),
            one["net_change"],
            one["seats_held"],
            one["churn_percentage"],
            one["waited_seats"],
            lasting(one["waited_median_seconds"]),
            lasting(one["waited_p90_seconds"]),
        )

    return ("from", "to", *told, *FIGURES, *SUMS), row


def assignment_row(one: Json) -> Sequence[Any]:
    return (
        one["display_name"],
        one["organization"] or one["org_id"],
        one["product"],
        one["state"],
        moment(one["since"]),
        one["activity"],
        moment(one["last_login_at"]),
        one["user_id"],
    )

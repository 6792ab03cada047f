"""`usher report forecast`: when seats run out, and how many to buy."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, Cursor, Every, Limit, Org
from usher_cli.output import STDERR, print_list

POOLS = (
    "organization", "product", "#wanted", "#capacity", "runs out", "earliest", "latest", "because", "#to buy", "model",
    "#off by", "#naive off by",
)  # fmt: skip
NAIVE = "last_value"


def forecast(
    ctx: typer.Context,
    org: Org = None,
    product: Annotated[str | None, typer.Option("--product", help="Such as learn or observe.")] = None,
    days: Annotated[int, typer.Option("--days", min=7, max=730, help="How far to look.")] = 180,
    confidence: Annotated[float, typer.Option(min=50, max=99, help="In percent: how sure to have enough.")] = 80,
    limit: Limit = 50,
    cursor: Cursor = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Show when the seats of each pool run out, how many to buy, and how wrong such a forecast was in the past."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.forecast(
            every=every,
            org_id=session.org_id(org),
            product=product,
            horizon_days=days,
            confidence=confidence,
            limit=limit,
            cursor=cursor,
        )
    print_list(answer, POOLS, pool_row, as_json=as_json)
    if not as_json:
        for told in sorted({one["note"] for one in answer["items"] if one["note"]}):
            STDERR.print(told, style="dim")


def pool_row(one: Json) -> Sequence[Any]:
    """A pool; errors are in seats, on average over the weeks that were looked ahead."""
    backtest = one["backtest"]
    errors = {error["model"]: error["mean_error"] for error in backtest["errors"]} if backtest else {}
    return (
        one["organization"] or one["org_id"],
        one["product"],
        one["demand"],
        one["capacity"],
        one["runs_out_on"],
        one["runs_out_earliest_on"],
        one["runs_out_latest_on"],
        one["because"],
        one["seats_to_buy"],
        one["model"],
        errors.get(one["model"]),
        errors.get(NAIVE),
    )

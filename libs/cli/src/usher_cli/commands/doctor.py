"""`usher doctor`: do the invariants hold across the services, now (seats: Invariants)."""

from typing import Annotated

import typer

from usher_cli.clients.session import open_session, outside
from usher_cli.examining.examination import examine_patiently
from usher_cli.options import AsJson
from usher_cli.output import STDERR, print_json, show, table

SHOWN_OFFENDERS = 10


def doctor(
    ctx: typer.Context,
    patience: Annotated[float, typer.Option(min=0, help="Seconds that changes under way may take.")] = 15.0,
    as_json: AsJson = False,
) -> None:
    """Check every invariant across the services; exit status 0 only when all hold."""
    from usher_cli.examining.log import log_is_whole  # noqa: PLC0415 (cryptography is slow to load, and rarely needed)

    with open_session(outside(ctx)) as session:
        findings = [*examine_patiently(session, patience), log_is_whole(session)]
    ill = [one for one in findings if not one.ok]
    if as_json:
        print_json({"items": [one.as_json() for one in findings], "next_cursor": None})
    else:
        rows = [(one.code, one.holds, "ok" if one.ok else f"{len(one.offenders)} offend") for one in findings]
        show(table(None, ("", "what must hold", ""), rows))
        for one in ill:
            show("")
            show(table(f"{one.code}: {one.holds}", ("offends",), [(text,) for text in one.offenders[:SHOWN_OFFENDERS]]))
        STDERR.print("Something is wrong; docs/operations.md says what to look at." if ill else "All is well.")
    if ill:
        raise typer.Exit(1)

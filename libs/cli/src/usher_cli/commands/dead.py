"""`usher dead`: facts that services could not apply, grouped by cause; looked at, sent again or discarded."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, moment, print_json, show, table

SERVICES = ("identity", "entitlements", "usage", "notifications", "reporting")
PATH = "/v1/dead-letters"
CAUSES = ("service", "cause", "#letters", "why", "type", "detail")

Service = Annotated[str | None, typer.Option("--service", help=f"One of {', '.join(SERVICES)}; all without it.")]
Which = Annotated[list[str] | None, typer.Argument(metavar="[CAUSE|ID]…", help="Causes or ids, as list and show do.")]
All = Annotated[bool, typer.Option("--all", help="Every letter of the service.")]

app = typer.Typer(help="Facts that could not be applied: list, show, replay, discard.", no_args_is_help=True)


@app.command("list")
def list_(ctx: typer.Context, service: Service = None, as_json: AsJson = False) -> None:
    """List what is dead, by cause."""
    with open_session(outside(ctx)) as session:
        answers = {name: session.service(name).get(PATH) for name in chosen(service)}
    if as_json:
        print_json(answers)
        return
    rows = [cause_row(name, cause) for name, answer in answers.items() for cause in answer["causes"]]
    if rows:
        show(table(None, CAUSES, rows))
        STDERR.print(
            "`usher dead show CAUSE` shows the letters of one cause, `usher dead replay CAUSE` sends them again."
        )
    else:
        STDERR.print("No fact is among the dead letters.", style="dim")


@app.command("show")
def show_(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(metavar="CAUSE|ID")],
    service: Service = None,
    as_json: AsJson = False,
) -> None:
    """Show letters whole: one by its id, or those of a cause."""
    with open_session(outside(ctx)) as session:
        found = [
            (name, letter)
            for name in chosen(service)
            for letter in session.service(name).get(PATH)["items"]
            if which in (letter["id"], letter["cause"])
        ]
    if not found:
        raise Failure(f"No dead letter has the cause or id {which}. `usher dead list` shows which there are.")
    if as_json:
        print_json({"items": [letter for _, letter in found], "next_cursor": None})
        return
    for name, letter in found:
        show(table(f"{letter['type']}  {letter['id']}", ("", ""), letter_rows(name, letter)))


@app.command("replay")
def replay(ctx: typer.Context, which: Which = None, service: Service = None, every: All = False) -> None:
    """Send letters to their service again; versions make that safe."""
    deal(ctx, "replay", "sent again", which or [], service, every=every)


@app.command("discard")
def discard(ctx: typer.Context, which: Which = None, service: Service = None, every: All = False) -> None:
    """Remove letters for good."""
    deal(ctx, "discard", "discarded", which or [], service, every=every)


def deal(ctx: typer.Context, act: str, told: str, which: Sequence[str], service: str | None, *, every: bool) -> None:
    """Do `act` with the chosen letters of each service that has some."""
    if bool(which) == every or (every and service is None):
        raise Failure(f"Say which: `usher dead {act} CAUSE…`, or every letter of one service: --all --service NAME.")
    with open_session(outside(ctx)) as session:
        count = sum(sum(deal_with(session, name, act, which, every=every)) for name in chosen(service))
    if not count:
        raise Failure("No dead letter has such a cause or id. `usher dead list` shows which there are.")
    STDERR.print(f"{count} {'letter' if count == 1 else 'letters'} {told}.")


def deal_with(session: Session, name: str, act: str, which: Sequence[str], *, every: bool) -> list[int]:
    """How many letters of one service each request dealt with."""
    client = session.service(name)
    if every:
        return [client.post(f"{PATH}:{act}", {"all": True})["letters"]]
    letters = client.get(PATH)["items"]
    causes = sorted({letter["cause"] for letter in letters} & set(which))
    ids = sorted({letter["id"] for letter in letters if letter["cause"] not in causes} & set(which))
    bodies: list[Json] = [{"cause": cause} for cause in causes] + ([{"ids": ids}] if ids else [])
    return [client.post(f"{PATH}:{act}", body)["letters"] for body in bodies]


def chosen(service: str | None) -> Sequence[str]:
    """The services to ask. Raises Failure for one that has no dead letters."""
    if service is not None and service not in SERVICES:
        raise Failure(f"{service} applies no facts. Services that do: {', '.join(SERVICES)}.")
    return SERVICES if service is None else (service,)


def cause_row(service: str, cause: Json) -> Sequence[Any]:
    return (service, cause["cause"], cause["letters"], cause["reason"], cause["type"], cause["detail"])


def letter_rows(service: str, letter: Json) -> list[Sequence[Any]]:
    named = ("reason", "detail", "subject", "tenant_id", "trace_id", "body")
    return [("service", service), ("at", moment(letter["at"])), *((name, letter[name]) for name in named)]

"""`usher rules`: which roles call for which product, changing it after a look, and how far a change has come."""

import time
from typing import Annotated

import typer
from rich.progress import Progress

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.commands.simulate import show_outcome
from usher_cli.failure import Failure
from usher_cli.options import AsJson
from usher_cli.output import STDERR, moment, print_json, print_list, show, table

app = typer.Typer(help="Grant rules: which roles call for which product.", no_args_is_help=True)

Organization = Annotated[str, typer.Option("--org", help="An organization of the tenant: its id, external id or name.")]
Wanted = Annotated[
    list[str],
    typer.Argument(metavar="ROLE=PRODUCT[:PRIORITY]...", help="All rules; lower priorities go first."),
]
COLUMNS = ("role", "product", "#priority", "since", "default")
WATCH_SECONDS = 1.0


@app.command("list")
def list_rules(ctx: typer.Context, org: Organization, as_json: AsJson = False) -> None:
    """List the rules that hold in a tenant."""
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.grant_rules(str(session.org_id(org)))
    held = answer if as_json else {**answer, "items": [one for one in answer["items"] if one["active"]]}
    print_list(held, COLUMNS, row, as_json=as_json)


@app.command("set")
def set_rules(
    ctx: typer.Context,
    rules: Wanted,
    org: Organization,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do to seats, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let these rules hold in a tenant, and no others; its people are decided about anew in the background."""
    wanted = [read_rule(one) for one in rules]
    with open_session(outside(ctx)) as session:
        answer = session.entitlements.set_grant_rules(str(session.org_id(org)), wanted, dry_run=dry_run)
    if as_json:
        print_json(answer)
    elif dry_run:
        show_outcome(answer)
    else:
        print_list({**answer, "items": [one for one in answer["items"] if one["active"]]}, COLUMNS, row, as_json=False)
        STDERR.print("`usher rules progress --watch` shows how far its people are decided about.", style="dim")


@app.command("progress")
def progress(
    ctx: typer.Context,
    org: Organization,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far the people are decided about whom the last change of the rules concerns."""
    with open_session(outside(ctx)) as session:
        org_id = str(session.org_id(org))
        found = session.entitlements.grant_rules_progress(org_id)
        if watch:
            with Progress(console=STDERR) as bar:
                task = bar.add_task("People decided about", total=found["people"])
                while found["done"] < found["people"]:
                    bar.update(task, completed=found["done"], total=found["people"])
                    time.sleep(WATCH_SECONDS)
                    found = session.entitlements.grant_rules_progress(org_id)
                bar.update(task, completed=found["done"], total=found["people"])
    if as_json:
        print_json(found)
    else:
        columns = ("#config", "#people", "#done", "began", "over by")
        figures = (found["config_version"], found["people"], found["done"])
        show(table(None, columns, [(*figures, moment(found["started_at"]), moment(found["estimated_end"]))]))


def read_rule(written: str) -> Json:
    """`ROLE=PRODUCT[:PRIORITY]` as the API takes it. Raises Failure for anything else."""
    role, _, called = written.partition("=")
    product, _, priority = called.partition(":")
    if not role or not product or not (priority or "0").removeprefix("-").isdecimal():
        raise Failure(f"{written!r} is no rule: give it as learner=learn, or learner=learn:1.")
    return {"role": role, "product": product, "priority": int(priority or 0)}


def row(rule: Json) -> tuple[object, ...]:
    return (rule["role"], rule["product"], rule["priority"], moment(rule["since"]), rule["is_default"])

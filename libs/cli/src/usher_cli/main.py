"""The `usher` command: composed here, of one file a command (interfaces: The `usher` command)."""

import typer

from usher_cli.commands import (
    audit,
    bi,
    calendar,
    clients,
    dead,
    exports,
    held,
    idp,
    importing,
    licenses,
    report,
    rules,
    seats,
    transfers,
    upstream,
    usage,
    users,
)
from usher_cli.commands.dashboard import dashboard
from usher_cli.commands.demo import demo
from usher_cli.commands.doctor import doctor
from usher_cli.commands.down import down
from usher_cli.commands.explain import explain
from usher_cli.commands.generate import generate
from usher_cli.commands.replay import replay
from usher_cli.commands.simulate import simulate
from usher_cli.commands.status import status
from usher_cli.commands.token import token
from usher_cli.commands.trace import trace
from usher_cli.commands.up import up
from usher_cli.commands.waitlist import waitlist
from usher_cli.failure import Failing

app = typer.Typer(
    name="usher",
    cls=Failing,
    help="Licenses by the seat: for administrators and on-call engineers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(demo)
app.command()(generate)
app.add_typer(importing.app, name="import")
app.add_typer(users.app, name="users")
app.add_typer(held.app, name="held")
app.add_typer(upstream.app, name="upstream")
app.add_typer(clients.app, name="clients")
app.add_typer(idp.app, name="idp")
app.add_typer(transfers.app, name="transfers")
app.add_typer(licenses.app, name="licenses")
app.add_typer(seats.app, name="seats")
app.add_typer(rules.app, name="rules")
app.command()(waitlist)
app.add_typer(calendar.app, name="calendar")
app.add_typer(usage.app, name="usage")
app.command()(dashboard)
app.add_typer(report.app, name="report")
app.add_typer(exports.app, name="exports")
app.add_typer(bi.app, name="bi")
app.command()(explain)
app.command()(simulate)
app.command()(trace)
app.command()(token)
app.command()(doctor)
app.add_typer(dead.app, name="dead")
app.add_typer(audit.app, name="audit")
app.command()(replay)


@app.callback()
def root() -> None:
    """Licenses by the seat: for administrators and on-call engineers."""


def main() -> None:
    """The program's entry."""
    app()

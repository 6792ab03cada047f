"""`usher audit`: is the log of administrative acts whole, and its checkpoints, to be kept elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from usher_cli.clients.session import Session, open_session, outside
from usher_cli.options import AsJson
from usher_cli.output import STDERR, moment, print_json, show, table

if TYPE_CHECKING:
    from usher_cli.auditing.verifying import Verdict

app = typer.Typer(help="The log of administrative acts.", no_args_is_help=True)

SHOWN_FINDINGS = 20
Tenant = Annotated[str | None, typer.Option(help="One tenant's log; without it, every one that the token may see.")]


@app.callback()
def root() -> None:
    """The log of administrative acts."""


@app.command()
def verify(
    ctx: typer.Context,
    tenant: Tenant = None,
    checkpoints: Annotated[
        list[Path] | None, typer.Option(help="Checkpoints that were kept elsewhere; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download and verify the log; exit status 0 only when nothing was edited, removed, reordered, cut or rewritten."""
    from usher_cli.auditing.kept import read_kept  # noqa: PLC0415 (cryptography is slow to load, and rarely needed)
    from usher_cli.auditing.verifying import verify_logs  # noqa: PLC0415

    kept = [one for file in checkpoints or [] for one in read_kept(file)]
    with open_session(outside(ctx)) as session:
        tenant_id = tenant_of(session, tenant)
        with STDERR.status("downloading and verifying"):
            verdicts = list(verify_logs(session.reporting, tenant_id, kept))
    if as_json:
        print_json({"items": [one.as_json() for one in verdicts], "next_cursor": None})
    else:
        print_verdicts(verdicts)
    if not all(one.is_whole for one in verdicts):
        raise typer.Exit(1)


@app.command()
def checkpoint(
    ctx: typer.Context,
    tenant: Tenant = None,
    out: Annotated[Path | None, typer.Option(help="Add the checkpoints to this file, to be kept elsewhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have the log's end signed, and print the latest checkpoint of each log."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.make_checkpoints(tenant_of(session, tenant))
        keys = session.reporting.audit_keys()["keys"]
    if as_json:
        print_json(answer)
    else:
        rows = [(one["tenant_id"], one["number"], one["entries"], moment(one["at"])) for one in answer["items"]]
        show(table(None, ("tenant", "#checkpoint", "#entries", "signed"), rows))
    if out is not None:
        from usher_cli.auditing.kept import keep  # noqa: PLC0415

        added = keep(out, answer["items"], keys)
        STDERR.print(f"{added} added to {out}. Keep it where nobody who runs Usher can change it.", style="dim")


def tenant_of(session: Session, tenant: str | None) -> str | None:
    """The tenant's id: as given, since a log outlives its organization, or of the organization so named."""
    try:
        return str(UUID(tenant)) if tenant else None
    except ValueError:
        return session.org_id(tenant)


def print_verdicts(verdicts: Sequence["Verdict"]) -> None:
    rows = [
        (
            str(one.extent.tenant_id),
            one.extent.entries,
            one.extent.batches,
            one.extent.checkpoints,
            one.kept,
            "whole" if one.is_whole else f"{len(one.findings)} wrong",
        )
        for one in verdicts
    ]
    show(table(None, ("tenant", "#entries", "#batches", "#checkpoints", "#kept", ""), rows))
    for one in verdicts:
        if one.is_whole:
            continue
        show("")
        shown = [(found.place, found.code, found.text) for found in one.findings[:SHOWN_FINDINGS]]
        show(table(f"The log of {one.extent.tenant_id}", ("where", "what", ""), shown))
        if len(one.findings) > len(shown):
            STDERR.print(f"{len(one.findings) - len(shown)} more: --json prints every one.", style="dim")
    whole = all(one.is_whole for one in verdicts)
    STDERR.print("All is whole." if whole else "Something was changed; docs/audit.md says what it means.")

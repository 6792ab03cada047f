"""Options that many commands take, with the same name and meaning everywhere."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the API's answer unchanged.")]
Every: TypeAlias = Annotated[bool, typer.Option("--all", help="Every page, not just the first.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=500, help="Items on a page.")]
Cursor: TypeAlias = Annotated[str | None, typer.Option("--cursor", help="The next_cursor of the page before.")]
Org: TypeAlias = Annotated[str | None, typer.Option("--org", help="An organization: its id, external id or name.")]
Note: TypeAlias = Annotated[str, typer.Option("--note", help="Why: kept in the audit log; no personal data.")]
User: TypeAlias = Annotated[str, typer.Argument(metavar="USER", help="An id, a user name, an email or an external id.")]


def read_moment(text: str | None) -> str | None:
    """A moment as users write it, as the API takes it; without a zone it is UTC's. Raises BadParameter for none."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-03-02 or 2026-03-02T15:30") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


At: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--at", callback=read_moment, help="A past moment, such as 2026-03-02T15:30 (UTC): what was known then."
    ),
]

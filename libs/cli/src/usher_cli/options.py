"""Options that many commands take, with the same name and meaning everywhere."""

from typing import Annotated, TypeAlias

import typer

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the API's answer unchanged.")]
Every: TypeAlias = Annotated[bool, typer.Option("--all", help="Every page, not just the first.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=500, help="Items on a page.")]
Cursor: TypeAlias = Annotated[str | None, typer.Option("--cursor", help="The next_cursor of the page before.")]
Org: TypeAlias = Annotated[str | None, typer.Option("--org", help="An organization: its id, external id or name.")]
Note: TypeAlias = Annotated[str, typer.Option("--note", help="Why: kept in the audit log; no personal data.")]
User: TypeAlias = Annotated[str, typer.Argument(metavar="USER", help="An id, a user name, an email or an external id.")]

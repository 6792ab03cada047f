"""`usher token`: a token of somebody who holds a role, to call the API as they would."""

from typing import Annotated

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session, open_session, outside
from usher_cli.failure import Failure
from usher_cli.options import AsJson, Org
from usher_cli.output import STDERR, print_json


def token(
    ctx: typer.Context,
    role: Annotated[str, typer.Option(help="The role that the token's person holds, such as org_admin.")],
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Print a token of an active person who holds a role: export USHER_TOKEN=$(usher token --role reporter)."""
    with open_session(outside(ctx)) as session:
        person = find_holder(session, role, org)
        answer = session.credentials.of_person(person["id"])
    if as_json:
        print_json(answer)
        return
    STDERR.print(f"{person['display_name']} ({person['user_name']}), for {answer['expires_in']} s", style="dim")
    typer.echo(answer["access_token"])


def find_holder(session: Session, role: str, org: str | None) -> Json:
    """An active person who holds the role, in the organization and its units where one is named. Raises Failure."""
    found: list[Json] = session.identity.users(role=role, status="active", org_id=session.org_id(org), limit=1)["items"]
    if not found:
        raise Failure(
            f"Nobody active holds {role}{f' at {org}' if org else ''}. `usher users roles USER --add {role}` grants it."
        )
    return found[0]

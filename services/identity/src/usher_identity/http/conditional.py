"""Entity tags: an answer's says its version, and `If-Match` guards a write by it (interfaces: HTTP conventions)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from usher_kit.errors import UsherError

IfMatch = Annotated[str | None, Header(max_length=200, description="The ETag of the state that the change is based on")]


class Stale(UsherError):
    slug = "stale"
    status = HTTPStatus.PRECONDITION_FAILED
    title = "Changed by somebody else"


def etag(*versions: int) -> str:
    """The entity tag of these versions, the entity's own first."""
    return f'"{".".join(map(str, versions))}"'


def check_match(if_match: str | None, *versions: int) -> None:
    """Raises Stale unless one of the tags is this state's, in full or by the entity's own version alone."""
    if if_match is None or if_match.strip() == "*":
        return
    tags = {tag.strip().removeprefix("W/") for tag in if_match.split(",")}
    if not tags & {etag(*versions), etag(versions[0])}:
        raise Stale("This has been changed since it was read; read it again and repeat the change.")

"""Conditional writes: an answer's ETag says which state it shows, and `If-Match` guards a change of it (RFC 9110).

Every route that changes one thing takes `IfMatch` and calls `check_match` on the state that it has locked.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel
from pydantic_core import to_json

from usher_kit.errors import Invalid, UsherError

IfMatch = Annotated[
    str | None,
    Header(
        max_length=1_000,
        description="The ETag of the state that the change is based on; `*` for whatever is there. 412 for another one",
    ),
]

ONE_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
TAGS = re.compile(rf"\s*{ONE_TAG}\s*(?:,\s*{ONE_TAG}\s*)*")


class Stale(UsherError):
    slug = "stale"
    status = HTTPStatus.PRECONDITION_FAILED
    title = "Changed by somebody else"


def etag(*versions: int) -> str:
    """The entity tag of these versions, the entity's own first."""
    return f'"{".".join(map(str, versions))}"'


def content_tag(content: BaseModel | Sequence[UUID]) -> str:
    """The entity tag of what has no version: of all that it says."""
    return f'"{sha256(to_json(content)).hexdigest()[:32]}"'


def check_match(if_match: str | None, *tags: str) -> None:
    """Let a change be that is based on the state that `tags` name, the foremost first; without If-Match, let any be.

    Tags are compared strongly: a weak one matches nothing. `*` matches whatever is there; where nothing is, the route
    has answered so already. Raises Stale for another state, Invalid for what is no list of tags.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if not TAGS.fullmatch(if_match):
        raise Invalid(
            f"If-Match is the ETag of an answer with its quotes, such as {tags[0]}, or *.", pointer="/if-match"
        )
    if not set(re.findall(ONE_TAG, if_match)).intersection(tags):
        raise Stale(
            f"The change is based on {if_match.strip()}, and this is at {tags[0]} by now: somebody else changed it. "
            "Read it again, and repeat the change with its ETag."
        )

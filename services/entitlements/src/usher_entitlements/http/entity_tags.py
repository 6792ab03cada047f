"""Entity tags: an answer says its version, and `If-Match` guards a write by it (interfaces: HTTP conventions)."""

from typing import Annotated

from fastapi import Header

from usher_kit.errors import Invalid

IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag of the state that the change is based on")]


def to_etag(version: int) -> str:
    return f'"{version}"'


def read_etag(if_match: str | None) -> int | None:
    """The version that a change is based on; None for any. Raises Invalid for a tag that no answer gave."""
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().removeprefix("W/").strip('"')
    if not version.isdigit():
        raise Invalid('If-Match is the ETag of an answer, such as "3".', pointer="/if-match")
    return int(version)

"""Between resources as messages have them and rows: what is kept of one, and by what it is found."""

from datetime import datetime
from typing import Any

import orjson
from scim2_models import InvalidValueException, Meta, Resource

from usher_identity.domain.mapping import plain
from usher_identity.domain.scim import GROUP, USER, Saved, Stored
from usher_identity.scim.resources import MODELS
from usher_identity.scim.searched import fold, moment, searched

MAX_NAME = 300
MAX_EMAIL = 320
APART = frozenset({"id", "meta", "members", "groups", "password"})
"""What is kept elsewhere or not at all: nobody signs in by what a provider sends as a password."""


def to_stored(kind: str, resource: Resource[Any], version: int, created_at: datetime, at: datetime) -> Stored:
    """What is kept of a resource that has its id."""
    dumped = {key: value for key, value in resource.model_dump().items() if key not in APART}
    return Stored(str(resource.id), kind, orjson.dumps(dumped).decode(), version, created_at, at)


def to_resource(stored: Stored) -> Resource[Any]:
    """The resource without members and groups, which are asked for apart."""
    resource = MODELS[stored.kind].model_validate_json(stored.resource)
    resource.id = stored.id
    resource.meta = Meta(
        resource_type=stored.kind,
        created=stored.created_at,
        last_modified=stored.changed_at,
        version=etag(stored.version),
    )
    return resource


def to_saved(stored: Stored) -> Saved:
    """A resource with all that finds it. Raises InvalidValueException for what is longer than people's names may be."""
    said: dict[str, Any] = orjson.loads(stored.resource)
    name = str(said.get("userName" if stored.kind == USER else "displayName") or "")
    check(name, stored.kind)
    emails = [str(one["value"]) for one in said.get("emails") or () if one.get("value")]
    if any(len(one) > MAX_EMAIL for one in emails):
        raise InvalidValueException(detail=f"An email is longer than {MAX_EMAIL} characters")
    external_id = said.get("externalId")
    return Saved(
        stored=stored,
        name=fold(name, case_exact=False),
        external_id=fold(external_id, case_exact=True) if external_id else None,
        words=tuple(sorted(words_of(stored.kind, said))),
        emails=tuple({fold(one, case_exact=False) for one in emails}),
        searched=orjson.dumps(searched(stored.kind, {**said, "id": stored.id, "meta": meta_of(stored)})).decode(),
    )


def check(name: str, kind: str) -> None:
    what = "userName" if kind == USER else "displayName"
    if not name.strip():
        raise InvalidValueException(detail=f"{what} is empty")
    if len(name) > MAX_NAME:
        raise InvalidValueException(detail=f"{what} is longer than {MAX_NAME} characters")


def words_of(kind: str, said: dict[str, Any]) -> set[str]:
    """Words that may stand for roles, plain."""
    given = (
        [said.get("displayName"), said.get("externalId")]
        if kind == GROUP
        else [one.get("value") for one in said.get("roles") or ()]
    )
    return {plain("".join(one.split())) for one in given if isinstance(one, str)} - {""}


def meta_of(stored: Stored) -> dict[str, str]:
    return {
        "resourceType": stored.kind,
        "created": moment(stored.created_at),
        "lastModified": moment(stored.changed_at),
        "version": etag(stored.version),
    }


def etag(version: int) -> str:
    """Weak, as RFC 7644 has it: two answers of one version say the same, in whatever order."""
    return f'W/"{version}"'

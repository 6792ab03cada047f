"""Members of groups and groups of users, added to what is answered: from their rows, however many they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from scim2_models import TooManyException
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import GROUP, USER, Space
from usher_identity.store.scim_members import count_members, list_groups, list_members

MAX_MEMBERS = 200_000
"""Members in one answer."""

SUBS = frozenset({"value", "$ref", "display", "type"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Which attributes an answer is to have, as a request says; all, where it says nothing."""

    attributes: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, query: Mapping[str, str], body: bytes, *, is_search: bool) -> "Asked":
        """By the query, or for a search by POST by its body."""
        said: Any = query
        if is_search:
            said = orjson.loads(body)
        given = {key.lower(): value for key, value in said.items()} if isinstance(said, Mapping) else {}
        return cls(names(given.get("attributes")), names(given.get("excludedattributes")))

    def kept(self, attribute: str) -> frozenset[str]:
        """What of a multi-valued attribute's values is to be there; nothing where it is not wanted at all."""
        own = {name.partition(".")[2] for name in self.attributes if name.partition(".")[0] == attribute}
        if self.attributes:
            return SUBS if "" in own else SUBS & own
        without = {name.partition(".")[2] for name in self.excluded if name.partition(".")[0] == attribute}
        return frozenset() if "" in without else SUBS - without


def names(given: Any) -> frozenset[str]:
    """Attributes in lower case, without the schema."""
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    return frozenset(str(one).strip().rpartition(":")[2].lower() for one in listed if str(one).strip())


async def add_related(conn: AsyncConnection, space: Space, base_url: str, body: dict[str, Any], asked: Asked) -> None:
    """Add members and groups to an answer's resources. Raises TooManyException for more than `MAX_MEMBERS`."""
    resources = body.get("Resources", [body])
    # Members have no `display` by the schema of groups (RFC 7643, 8.7.1); users' groups do.
    if members := asked.kept("members") - {"display"}:
        groups = by_kind(resources, GROUP)
        if len(groups) > 1 and await count_members(conn, space, list(groups)) > MAX_MEMBERS:
            raise TooManyException(
                detail=f"These groups have more than {MAX_MEMBERS} members; ask for fewer, or without members"
            )
        rows = await list_members(conn, space, list(groups)) if groups else {}
        for id_, own in rows.items():
            groups[id_]["members"] = [
                related({"value": row.user_id, "$ref": f"{base_url}/Users/{row.user_id}", "type": USER}, members)
                for row in own
            ]
    if kept := asked.kept("groups"):
        users = by_kind(resources, USER)
        rows = await list_groups(conn, space, list(users)) if users else {}
        for id_, own in rows.items():
            users[id_]["groups"] = [
                related(
                    {
                        "value": row.group_id,
                        "$ref": f"{base_url}/Groups/{row.group_id}",
                        "display": row.display,
                        "type": "direct",
                    },
                    kept,
                )
                for row in own
            ]


def by_kind(resources: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a kind, by id: their schema tells, which is always there."""
    suffix = f":{kind}"
    return {
        one["id"]: one
        for one in resources
        if "id" in one and any(str(schema).endswith(f"core:2.0{suffix}") for schema in one.get("schemas", ()))
    }


def related(whole: dict[str, str], kept: frozenset[str]) -> dict[str, str]:
    return whole if kept == SUBS else {key: value for key, value in whole.items() if key in kept}

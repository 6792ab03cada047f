"""What a SCIM user says of a person, as the command that any other upstream would send."""

from typing import Any

import orjson

from usher_contracts.upstream import UserUpsert
from usher_identity.domain.scim import Saved
from usher_identity.domain.upstream_units import Units
from usher_identity.scim.kept import MAX_NAME
from usher_identity.scim.resources import EnterpriseUser

ENTERPRISE = str(EnterpriseUser.__schema__)


def upsert_of(saved: Saved, words: tuple[str, ...], units: Units) -> UserUpsert:
    """The person whole. Who is not `active` is suspended: they hold no seat, and come back as they were."""
    said: dict[str, Any] = orjson.loads(saved.stored.resource)
    return UserUpsert.model_construct(
        external_id=saved.stored.id,
        user_name=said["userName"],
        display_name=display_name_of(said)[:MAX_NAME],
        email=email_of(said),
        organization=organization_of(said, units),
        roles=words,
        status="suspended" if said.get("active") is False else "active",
    )


def display_name_of(said: dict[str, Any]) -> str:
    name = said.get("name") or {}
    parts = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    candidates = (said.get("displayName"), name.get("formatted"), parts, said["userName"])
    return next(one for one in candidates if one and one.strip())


def email_of(said: dict[str, Any]) -> str | None:
    """The primary address, else that of work, else the first."""
    emails = [one for one in said.get("emails") or () if one.get("value")]
    ranked = sorted(emails, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return str(ranked[0]["value"]) if ranked else None


def organization_of(said: dict[str, Any], units: Units) -> str:
    """Where the enterprise extension says, if that is a unit where the upstream may act; else where it acts."""
    named = (said.get(ENTERPRISE) or {}).get("organization")
    return named if named and units.knows(named) else str(units.upstream.org_id)

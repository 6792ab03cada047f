"""What each of Keycloak's events says of a person. What says nothing here is told as that, with why."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from usher_contracts.upstream import Command, UserDelete
from usher_identity.keycloak.bodies import AdminBody, ClientBody, Shown, UserShown
from usher_identity.keycloak.sent import ClientLogin, Ignored, PersonSaid
from usher_kit.commands import NUL
from usher_kit.wire import told

USER = re.compile(r"users/([^/]{1,200})")
ROLES = re.compile(r"users/([^/]{1,200})/role-mappings/(?:realm|clients/([^/]{1,200}))")
GROUP = re.compile(r"users/([^/]{1,200})/groups/([^/]{1,200})")

SHOWN_ROLES = TypeAdapter(tuple[Shown, ...])
SHOWN_GROUP = TypeAdapter(Shown)
SHOWN_USER = TypeAdapter(UserShown)

T = TypeVar("T")


class Unreadable(Exception):
    """An event that cannot be read, and why."""


def of_admin(body: AdminBody) -> Command:
    """What an administrator's act says. Raises Unreadable."""
    say = ADMIN.get(body.what)
    return say(body) if say else Ignored(what=body.what, why="not_of_people")


def of_client(body: ClientBody) -> Command:
    """What a user's own act says. Raises Unreadable."""
    say = CLIENT.get(body.type)
    if say is None:
        return Ignored(what=body.what, why="not_of_people")
    return say(body, body.user_id, body.details or {}) if body.user_id else Ignored(what=body.what, why="no_user")


def made_user(body: AdminBody) -> Command:
    """A user who was not there before: whatever is not shown, they have not."""
    user_id = found(USER, body)
    if user_id is None or body.representation is None:
        return unheard(body, user_id)
    shown = read(SHOWN_USER, body)
    names = {"given_name": shown.given_name or "", "family_name": shown.family_name or ""}
    return PersonSaid(
        external_id=user_id[0],
        parts={**parts_of(shown), **names},
        is_enabled=bool(shown.enabled),
        attributes=shown.attributes or {},
        words={f"group:{path}": path for path in shown.groups or ()},
    )


def changed_user(body: AdminBody) -> Command:
    """A user of whom some is shown anew."""
    user_id = found(USER, body)
    if user_id is None or body.representation is None:
        return unheard(body, user_id)
    shown = read(SHOWN_USER, body)
    return PersonSaid(
        external_id=user_id[0],
        parts=parts_of(shown),
        is_enabled=shown.enabled,
        attributes=shown.attributes or {},
    )


def parts_of(shown: UserShown) -> dict[str, str]:
    named = {
        "user_name": shown.user_name,
        "given_name": shown.given_name,
        "family_name": shown.family_name,
        "email": shown.email,
    }
    return {name: part for name, part in named.items() if part is not None}


def removed_user(body: AdminBody) -> Command:
    user_id = found(USER, body)
    return UserDelete(external_id=user_id[0]) if user_id else unheard(body, user_id)


def given_roles(body: AdminBody) -> Command:
    return with_roles(body, taken=False)


def taken_roles(body: AdminBody) -> Command:
    return with_roles(body, taken=True)


def with_roles(body: AdminBody, *, taken: bool) -> Command:
    """Roles of a user: those of the realm by their names, those of a client as `<client's id>/<name>`."""
    where = found(ROLES, body)
    if where is None or body.representation is None:
        return unheard(body, where)
    user_id, client = where
    words: dict[str, str | None] = {}
    for role in read(SHOWN_ROLES, body):
        name = f"{client}/{role.name}" if client else role.name
        words[f"role:{role.id or name}"] = None if taken else name
    return PersonSaid(external_id=user_id, words=words)


def joined_group(body: AdminBody) -> Command:
    where = found(GROUP, body)
    if where is None or body.representation is None:
        return unheard(body, where)
    shown = read(SHOWN_GROUP, body)
    return PersonSaid(external_id=where[0], words={f"group:{where[1]}": shown.path or f"/{shown.name}"})


def left_group(body: AdminBody) -> Command:
    """A group is known by its id, or by its path where a user was made in it."""
    where = found(GROUP, body)
    if where is None:
        return unheard(body, where)
    words: dict[str, str | None] = {f"group:{where[1]}": None}
    if body.representation is not None and (path := read(SHOWN_GROUP, body).path):
        words[f"group:{path}"] = None
    return PersonSaid(external_id=where[0], words=words)


Details: TypeAlias = Mapping[str, str | None]


def logged_in(body: ClientBody, user_id: str, details: Details) -> Command:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=body.time)
    known_as = (details.get("username") or "")[:300] or None
    return ClientLogin(external_id=user_id, at=at, client_id=body.client_id, known_as=known_as)


def registered(_: ClientBody, user_id: str, details: Details) -> Command:
    named = {
        "user_name": details.get("username"),
        "given_name": details.get("first_name"),
        "family_name": details.get("last_name"),
        "email": details.get("email"),
    }
    return PersonSaid(external_id=user_id, parts=checked(named), is_enabled=True)


def updated(_: ClientBody, user_id: str, details: Details) -> Command:
    named = {
        "user_name": details.get("updated_username"),
        "given_name": details.get("updated_first_name"),
        "family_name": details.get("updated_last_name"),
        "email": details.get("updated_email"),
    }
    return PersonSaid(external_id=user_id, parts=checked(named))


def removed_account(_: ClientBody, user_id: str, __: Details) -> Command:
    return UserDelete(external_id=user_id)


def checked(named: Mapping[str, str | None]) -> dict[str, str]:
    """Raises Unreadable for what is too long for a profile."""
    by_alias = {"username": "user_name", "firstName": "given_name", "lastName": "family_name", "email": "email"}
    try:
        return parts_of(UserShown.model_validate({alias: named[name] for alias, name in by_alias.items()}))
    except ValidationError as error:
        raise Unreadable(told(error)) from error


ADMIN: Mapping[str, Callable[[AdminBody], Command]] = {
    "USER.CREATE": made_user,
    "USER.UPDATE": changed_user,
    "USER.DELETE": removed_user,
    "REALM_ROLE_MAPPING.CREATE": given_roles,
    "REALM_ROLE_MAPPING.DELETE": taken_roles,
    "CLIENT_ROLE_MAPPING.CREATE": given_roles,
    "CLIENT_ROLE_MAPPING.DELETE": taken_roles,
    "GROUP_MEMBERSHIP.CREATE": joined_group,
    "GROUP_MEMBERSHIP.DELETE": left_group,
}

CLIENT: Mapping[str, Callable[[ClientBody, str, Details], Command]] = {
    "LOGIN": logged_in,
    "REGISTER": registered,
    "UPDATE_PROFILE": updated,
    "UPDATE_EMAIL": updated,
    "DELETE_ACCOUNT": removed_account,
}


def found(path: re.Pattern[str], body: AdminBody) -> tuple[str, ...] | None:
    """The ids in a resource's path; None for a path of another kind."""
    match = path.fullmatch(body.path or "")
    return match.groups() if match else None


def unheard(body: AdminBody, where: tuple[str, ...] | None) -> Ignored:
    """An act of which too little is told, or that is about no user."""
    return Ignored(what=body.what, why="not_of_people" if where is None else "no_representation")


def read(shape: TypeAdapter[T], body: AdminBody) -> T:
    """The representation. Raises Unreadable."""
    written = (body.representation or "").encode(errors="surrogatepass")
    if any(one in written for one in NUL):
        raise Unreadable("/representation: a NUL character")
    try:
        return shape.validate_json(written)
    except ValidationError as error:
        raise Unreadable(f"/representation{told(error)}") from error

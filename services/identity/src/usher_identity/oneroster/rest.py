"""Rows of a roster service as rows of a set's files, so that one reader knows both (OneRoster 1.2, REST and CSV)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from usher_identity.domain.rosters import Collection

Row = Sequence[str]

MAX_CELL = 2_000
"""Characters of a value that are looked at: more than a reader takes, so that it says what is too long."""

HEADERS: Mapping[str, Row] = {
    "academicSessions": ("sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate"),
    "orgs": ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"),
    "users": (
        "sourcedId",
        "status",
        "dateLastModified",
        "enabledUser",
        "username",
        "givenName",
        "familyName",
        "email",
        "preferredGivenName",
        "preferredFamilyName",
        "primaryOrgSourcedId",
        "orgSourcedIds",
        "role",
    ),
    "roles": ("userSourcedId", "roleType", "role", "orgSourcedId"),
    "enrollments": ("sourcedId", "status", "dateLastModified", "userSourcedId", "role", "schoolSourcedId"),
}

FIELDS: Mapping[Collection, str] = {
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parent",
    "users": "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,email,preferredFirstName,"
    "preferredLastName,primaryOrg,roles",
    "enrollments": "sourcedId,status,dateLastModified,user,role,school",
}
"""What is asked for: nothing that is not used leaves the service."""

UNREADABLE = "unreadable item"


def cell(value: object) -> str:
    """A value as a cell; what is none, as a list where a word belongs, is empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)[:MAX_CELL]
    if not isinstance(value, str):
        return ""
    text = value[:MAX_CELL].encode("utf-8", "replace").decode()
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def reference(value: object) -> str:
    """The id of what is referred to."""
    return cell(value.get("sourcedId")) if isinstance(value, Mapping) else cell(value)


def references(value: object) -> str:
    return ",".join(filter(None, map(reference, value))) if isinstance(value, list) else ""


def id_of(item: object) -> str:
    return cell(item.get("sourcedId")) if isinstance(item, Mapping) else ""


def modified_at(item: object) -> str:
    """When a row changed, as far as it can be compared: in UTC, to the millisecond."""
    written = cell(item.get("dateLastModified")) if isinstance(item, Mapping) else ""
    try:
        at = datetime.fromisoformat(written)
        return at.astimezone(UTC).isoformat(timespec="milliseconds") if at.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def to_rows(collection: Collection, items: Iterable[object]) -> dict[str, list[Row]]:
    """Rows by the file that they belong to, one or more an item. An item that is none gives a row that says so."""
    rows: dict[str, list[Row]] = {collection: []}
    if collection == "users":
        rows["roles"] = []
    for item in items:
        if not isinstance(item, Mapping):
            rows[collection].append(["", "", "", *[UNREADABLE] * (len(HEADERS[collection]) - 3)])
            continue
        rows[collection].append(TO_ROW[collection](item))
        if collection == "users":
            rows["roles"] += roles_of(item)
    return rows


def base(item: Mapping[str, Any]) -> list[str]:
    return [cell(item.get("sourcedId")), cell(item.get("status")), cell(item.get("dateLastModified"))]


def session_row(item: Mapping[str, Any]) -> Row:
    return [*base(item), *(cell(item.get(name)) for name in ("title", "type", "startDate", "endDate"))]


def org_row(item: Mapping[str, Any]) -> Row:
    return [
        *base(item),
        *(cell(item.get(name)) for name in ("name", "type", "identifier")),
        reference(item.get("parent")),
    ]


def user_row(item: Mapping[str, Any]) -> Row:
    """A user; `role` and `orgs` as 1.1 has them, where the service knows no `roles`."""
    named = ("enabledUser", "username", "givenName", "familyName", "email", "preferredFirstName", "preferredLastName")
    old = () if isinstance(item.get("roles"), list) else (item.get("role"),)
    return [
        *base(item),
        *(cell(item.get(name)) for name in named),
        reference(item.get("primaryOrg")),
        references(item.get("orgs")),
        cell(old[0]) if old else "",
    ]


def roles_of(item: Mapping[str, Any]) -> list[Row]:
    user, roles = cell(item.get("sourcedId")), item.get("roles")
    if not user or not isinstance(roles, list):
        return []
    return [
        [user, cell(role.get("roleType")), cell(role.get("role")), reference(role.get("org"))]
        for role in roles
        if isinstance(role, Mapping)
    ]


def enrollment_row(item: Mapping[str, Any]) -> Row:
    return [*base(item), reference(item.get("user")), cell(item.get("role")), reference(item.get("school"))]


TO_ROW = {"academicSessions": session_row, "orgs": org_row, "users": user_row, "enrollments": enrollment_row}


def has_role(item: object) -> bool:
    """Whether a user says what they do; who is gone needs not."""
    if not isinstance(item, Mapping) or item.get("status") == "tobedeleted":
        return True
    return bool(roles_of(item)) or bool(cell(item.get("role")))


def to_csv(rows: Iterable[Row]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()

"""The body of a bulk request, JSON or CSV, as rows."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from usher_identity.domain.bulk import Row
from usher_kit.errors import Invalid, TooLarge

MOST = 100_000
"""Rows of one request."""

USER_COLUMNS = ("user", "user_id", "user_name", "email", "external_id")
ORG_COLUMNS = ("org", "org_id", "organization")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Words = Annotated[list[Word], Field(max_length=32)]


class RowBody(BaseModel):
    """One person and an act; what is left out is as said for all rows."""

    model_config = ConfigDict(extra="forbid")

    user: Name
    act: Word | None = None
    roles: Words | None = None
    org: Name | None = None


class BulkBody(BaseModel):
    """`rows`, each with a person and an act; or `users`, with one act for all of them."""

    model_config = ConfigDict(extra="forbid")

    rows: list[RowBody] = []
    users: list[Name] = []
    act: Word | None = None
    roles: Words = []
    org: Name | None = None


def read_json(content: bytes) -> list[Row]:
    """The rows of a JSON body. Raises Invalid, TooLarge."""
    try:
        body = BulkBody.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is no JSON: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "/" + "/".join(str(part) for part in first["loc"])
        raise Invalid(f"{pointer}: {first['msg']}", pointer=pointer) from None
    given = [*body.rows, *(RowBody(user=user) for user in body.users)]
    return checked(
        [
            Row(
                number,
                one.user,
                one.act or body.act or "",
                tuple(body.roles if one.roles is None else one.roles),
                one.org or body.org,
            )
            for number, one in enumerate(given, start=1)
        ]
    )


def read_csv(content: bytes) -> list[Row]:
    """The rows of a CSV body: `user`, `act`, `roles` (by `;`, `,` or spaces) and `org`. Raises Invalid, TooLarge."""
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), skipinitialspace=True)
        columns = {(name or "").strip().lower(): name for name in lines.fieldnames or ()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"The body is no CSV in UTF-8: {error}.") from None
    user = next((columns[name] for name in USER_COLUMNS if name in columns), None)
    if user is None or "act" not in columns:
        raise Invalid(f"The first line names the columns: user (or {', '.join(USER_COLUMNS[1:])}), act, roles, org.")
    org = next((columns[name] for name in ORG_COLUMNS if name in columns), "")
    return checked(list(csv_rows(lines, user, columns["act"], columns.get("roles", ""), org)))


def csv_rows(lines: "csv.DictReader[str]", user: str, act: str, roles: str, org: str) -> Iterator[Row]:
    """Each line as a row; lines without anything are passed over."""
    number = 0
    for line in lines:
        cells = {name: (line.get(name) or "").strip()[:300] for name in (user, act, roles, org) if name}
        if not any(cells.values()):
            continue
        number += 1
        named = cells.get(roles, "").replace(";", " ").replace(",", " ").split()
        yield Row(number, cells[user], cells[act], tuple(named), cells.get(org) or None)


def checked(rows: list[Row]) -> list[Row]:
    """Raises Invalid for no rows, TooLarge for too many, Invalid for what no database keeps."""
    if not rows:
        raise Invalid("There are no rows: send `rows`, or `users` with an `act`, or CSV.", pointer="/rows")
    if len(rows) > MOST:
        raise TooLarge(f"At most {MOST:,} rows at once; these are {len(rows):,}.")
    if any("\x00" in f"{row.user}{row.act}{row.org}{''.join(row.roles)}" for row in rows):
        raise Invalid("A row has a null character.", pointer="/rows")
    return rows

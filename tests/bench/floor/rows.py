"""The floor's statements: rows of the product's own tables, many at once, by the plainest SQL that writes them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, Integer, Table
from sqlalchemy.dialects.postgresql import dialect
from tests.bench.floor.link import Connection, Fact

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its constructor untyped

NEWEST = "do update set ({rest}) = ({excluded}) where kept.version < excluded.version"
NOTHING = "do nothing"


def insert(table: Table, names: Sequence[str], conflict: str = NOTHING) -> str:
    """A statement that takes one array a column. `conflict` says what becomes of rows that are there."""
    columns = [table.columns[name] for name in names]
    keys = [column.name for column in table.primary_key]
    rest = [name for name in names if name not in keys]
    told = conflict.format(rest=", ".join(rest), excluded=", ".join(f"excluded.{name}" for name in rest))
    return f"""
        insert into {table.name} as kept ({", ".join(names)})
        select {", ".join(map(read, columns))}
        from unnest({", ".join(f"${place}::{sent(column)}[]" for place, column in enumerate(columns, 1))})
            as given ({", ".join(names)})
        on conflict ({", ".join(keys)}) {told}
    """


def sent(column: "Column[Any]") -> str:
    """As what a column's values go to the server: text is what the driver writes fastest."""
    if isinstance(column.type, Integer):
        return "bigint"
    return "boolean" if isinstance(column.type, Boolean) else "text"


def read(column: "Column[Any]") -> str:
    """A column's value made of what was sent; arrays travel as one text."""
    type_ = column.type.compile(DIALECT)
    given = f"string_to_array({column.name}, ',')" if isinstance(column.type, ARRAY) else column.name
    return f"{given}::{type_}"


async def write(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Execute with rows turned into columns."""
    if columns := list(zip(*rows, strict=True)):
        await connection.execute(statement, *columns)


PERSON_COLUMNS = ("tenant_id", "id", "org_id", "status", "status_since", "roles", "role_since", "version")


def person(fact: Fact) -> tuple[Any, ...]:
    """A person's row, in the order of `PERSON_COLUMNS`."""
    roles = fact["roles"]
    return (
        fact["tenant_id"],
        fact["id"],
        fact["org_id"],
        fact["status"],
        fact["status_since"],
        ",".join([held["role"] for held in roles]),
        ",".join([held["since"] for held in roles]),
        fact["version"],
    )

"""What a client says of very many at once takes a handful of statements, and as many as of a few."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from .scim_client import USER, Client, person, roles
from .story import House

MANY = 1_000
HANDFUL = 45
"""Statements of a request, with who asks, the quota, people, roles, facts and the audit."""


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    engine = house.runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", count)


async def statements(house: House, asking: Awaitable[Any]) -> tuple[Any, int]:
    with counted(house) as sent:
        answer = await asking
    return answer, len(sent)


def users(word: str, count: int) -> list[dict[str, Any]]:
    return [
        {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": {"schemas": [USER], "userName": name}}
        for number in range(count)
        for name in [f"{word}{number}"]
    ]


async def test_a_thousand_users_and_members_cost_as_many_statements_as_two(house: House, client: Client) -> None:
    _, of_two = await statements(house, client.bulk(*users("a", 2)))
    made, of_many = await statements(house, client.bulk(*users("b", MANY)))
    assert {one["status"] for one in made} == {"201"}
    assert of_many == of_two <= HANDFUL
    listed = [{"value": one["location"].rpartition("/")[2]} for one in made]
    teachers = await client.group("Teachers")
    path = f"/Groups/{teachers['id']}"
    joins = [{"op": "add", "path": "members", "value": some} for some in (listed[:2], listed[2:])]
    few, by_few = await statements(house, client.change(path, joins[0]))
    many, by_many = await statements(house, client.change(path, joins[1]))
    assert (few.status_code, many.status_code) == (204, 204)
    assert by_many == by_few <= HANDFUL
    assert roles(await person(house, f"b{MANY - 1}")) == {"learner", "observable"}
    assert len(await client.members(teachers)) == MANY

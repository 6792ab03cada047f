"""Logins as upstreams tell them, on their way to usage."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts import upstream
from usher_contracts.upstream import SentCommand
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.upstreams import AHEAD
from usher_identity.store.people import find_people_by_link, find_places
from usher_identity.use_cases.logins import Login, record_logins
from usher_identity.use_cases.outcomes import Answer, refuse
from usher_identity.use_cases.recording import Act


async def take_logins(conn: AsyncConnection, units: Units, commands: Sequence[SentCommand], act: Act) -> list[Answer]:
    """Tell of logins of people whom the upstream names and may act on."""
    if not commands:
        return []
    asked = {one.subject for one in commands}
    ids = await find_people_by_link(conn, units.upstream.tenant_id, units.upstream.name, asked)
    places = await find_places(conn, ids.values())
    answers: list[Answer] = []
    logins: list[Login] = []
    for one in commands:
        assert isinstance(one.data, upstream.Login)  # noqa: S101 (the caller chose them)
        user_id = ids.get(one.subject)
        if user_id is None or not units.serves(places[user_id].org_id):
            answers.append(refuse(one, "nobody is known by this id where this upstream acts"))
        elif one.data.at > act.at + AHEAD:
            answers.append(refuse(one, "/at: the login is more than five minutes ahead of now"))
        else:
            logins.append(Login(user_id, one.data.at, "sso"))
            answers.append(Answer(one, "taken", user_id=user_id))
    await record_logins(conn, logins, act)
    return answers

"""The console shows nobody what is another tenant's or a neighboring unit's: pages, search, forms, and live figures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import cast

import httpx2
import pytest
from fastapi.routing import APIRoute
from tests.integration.system import SYSTEM, eventually

from usher_console.main import SERVICE
from usher_kit.ids import new_id

from .books import differences
from .conftest import Two
from .tenants import Things, browser
from .walking import Walker, leaks, told

pytestmark = SYSTEM

OF_NOBODY = {"/", "/sign-in", "/sign-in/callback", "/sign-out", "/signed-out", "/appearance", "/assets/{name}", "/live"}
"""Places that name nothing of anybody's; the last tells of itself below."""

NAMES = {
    "user_id": "person",
    "org_id": "organization",
    "q": "word",
    "token": "keep_link",
    "export_id": "export",
    **dict.fromkeys(("sort", "role", "status", "cursor", "start", "version", "product", "roles", "csrf"), ""),
    **dict.fromkeys(("name", "at", "format"), ""),
}
"""What kind of thing each name in an address or a form stands for; empty: nothing of anybody's."""

BY_ITSELF = {
    *("identity.session", "usage.actives", "reporting.actives", "reporting.actives_history"),
    *("reporting.standing", "reporting.standing_history"),
}
"""Tables that tell of those who walk, since a sign-in is a login and is counted some seconds later; and who keeps to
what they bought, which is judged again as time passes."""

USUAL: Mapping[str, str] = {
    "product": "learn",
    "version": "1",
    "roles": "learner",
    "name": "claims",
    "format": "csv",
}
NEWS = re.compile(r"^event: (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """An address of the console, with what it takes."""

    verb: str
    path: str
    in_path: Sequence[str]
    in_query: Sequence[str]
    in_form: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        return [name for name in (*self.in_path, *self.in_query, *self.in_form) if NAMES[name]]

    def ask(self, http: httpx2.Client, url: str, values: Mapping[str, str], csrf: str) -> httpx2.Response:
        path = self.path.format(**{name: values.get(name) or USUAL[name] for name in self.in_path})
        query = {name: values[name] for name in self.in_query if name in values}
        form = {name: csrf if name == "csrf" else values.get(name, USUAL.get(name, "")) for name in self.in_form}
        return http.request(self.verb, f"{url}{path}", params=query, data=form or None)


def places() -> Iterator[Place]:
    """Every place of the console that may name something of somebody's, from its own routes."""
    for router in SERVICE.routers:
        for route in cast("Sequence[APIRoute]", router.routes):
            if route.path in OF_NOBODY:
                continue
            takes = route.dependant
            forms = [*takes.body_params, *(one for below in takes.dependencies for one in below.body_params)]
            for verb in sorted(route.methods or ()):
                named = ([one.alias for one in some] for some in (takes.path_params, takes.query_params, forms))
                yield Place(verb, route.path, *named)


@dataclass(frozen=True)
class Visitor:
    """Who is signed in at the console, and what of others' they name."""

    who: str
    http: httpx2.Client
    walker: Walker

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.http.get(self.walker.story).text)
        assert found, "a page of theirs has their mark against forged forms"
        return found[1]


@pytest.fixture(scope="module")
def visitors(two: Two) -> Iterator[Sequence[Visitor]]:
    """The other tenant's people, who name what is the one's; and those of a unit, who name the neighbor's."""
    one, other = two.one, two.other
    url = two.session.environment.url("console")
    hidden = two.books.ids(one.id)
    with ExitStack() as stack:

        def visitor(who: str, person: str, own: Things, alien: Things, hidden: frozenset[str], mark: str) -> Visitor:
            http = stack.enter_context(closing(browser(two.session, person)))
            return Visitor(who, http, Walker(f"{url}/users/{person}", None, own, alien, hidden, mark))

        of_west = frozenset(id_ for values in one.west.values() for id_ in values)
        of_west -= {id_ for values in one.east.values() for id_ in values}
        yield [
            *(
                visitor(f"the other's {who}", other.people[who], other.things, one.things, hidden, one.mark)
                for who in ("admin", "reporter", "learner", "east admin")
            ),
            *(
                visitor(f"{who}, at the neighbor", one.people[who], one.east, one.west, of_west, one.west["word"][0])
                for who in ("east admin", "east reporter", "learner")
            ),
        ]


def test_every_place_says_what_it_names() -> None:
    """A new one whose names nobody has spoken of yet fails here."""
    found = list(places())
    unspoken = {name for one in found for name in (*one.in_path, *one.in_query, *one.in_form)} - NAMES.keys()
    assert not unspoken
    assert len([one for one in found if one.names]) >= 7


def test_nothing_of_others_is_shown_or_changed(two: Two, visitors: Sequence[Visitor]) -> None:
    """What is theirs is answered as what is nowhere."""
    url = two.session.environment.url("console")
    before = two.books.digests(two.one.id)
    found: list[str] = []
    for visitor in visitors:
        walker, csrf = visitor.walker, visitor.csrf
        for place in places():
            if "keep_link" in {NAMES[name] for name in place.names}:
                continue  # who holds a mail's link may keep that seat, whoever they are
            theirs = {name: walker.alien[NAMES[name]][0] for name in place.names}
            nowhere = {name: f"nobody{new_id()}" if name == "q" else str(new_id()) for name in place.names}
            answers = [place.ask(visitor.http, url, values, csrf) for values in (theirs, nowhere)]
            where = f"{visitor.who}: {place.verb} {place.path}"
            found += [f"{where}: {what}" for what in leaks(answers[0], walker, list(theirs.values()))]
            shown, unseen = told(answers[0], theirs.values()), told(answers[1], nowhere.values())
            if theirs and shown != unseen:
                found.append(f"{where}: {shown} is not {unseen}")
    assert not found, "\n\n".join(found)
    changed = differences(before, two.books.digests(two.one.id)).keys() - BY_ITSELF
    assert not [table for table in changed if not table.startswith("reporting.audit_")], "refusals are written down"


def test_their_own_is_shown(two: Two, visitors: Sequence[Visitor]) -> None:
    """The same questions of what is theirs: these were good ones. A file is shown to who asked for it alone."""
    url = two.session.environment.url("console")
    admin = visitors[0]
    for place in places():
        if not {NAMES[name] for name in place.names} & {"keep_link", "export"} and place.verb == "GET":
            own = {name: admin.walker.own[NAMES[name]][0] for name in place.names}
            answer = place.ask(admin.http, url, own, "")
            assert answer.status_code == 200, place
            assert two.other.mark in answer.text or place.path.endswith(("/seats", "/{product}", "/list")), place


def test_live_figures_tell_of_ones_own_tenant_alone(two: Two, visitors: Sequence[Visitor]) -> None:
    """A change of the one's pools is told to who is of it, and to nobody of the other."""
    url = f"{two.session.environment.url('console')}/live"
    stranger = visitors[0]
    with ExitStack() as stack:
        own = stack.enter_context(closing(browser(two.session, two.one.people["admin"])))
        streams = [stack.enter_context(http.stream("GET", url)) for http in (own, stranger.http)]
        lines = [stream.iter_lines() for stream in streams]
        for some in lines:
            until(some, "following")
        entitlements = two.session.entitlements
        learner = two.one.seeded.crowd[5]
        two.session.identity.set_roles(learner, ["observer"], "0" * 31 + "1")
        assert "pools" in until(lines[0], "pools")
        eventually(lambda: entitlements.calls.get("/v1/seats", user_id=learner)["items"])
        assert until(lines[1], None) == []


def until(lines: Iterator[str], event: str | None) -> list[str]:
    """The events of a stream up to `event`, or to the next word that there is nothing new."""
    found: list[str] = []
    for line in lines:
        found += NEWS.findall(line)
        if event in found or (event is None and line.startswith(":")):
            break
    return found

"""Every route that changes something declares the act that it is, so that done and refused ones are written down."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from fastapi.routing import APIRoute

from usher_contracts.audit import AUDIT_FACTS
from usher_kit import dead_letters_http
from usher_kit.audit import act_of_route
from usher_kit.ports import PORTS

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
NO_ACTS = {
    (
        "identity",
        "/oauth/token",
    ): "a token changes nothing; who cannot prove who they are is counted and slowed down",
    ("identity", "/oauth/authorize"): "signing in changes nothing that is administered",
    ("identity", "/oauth/logout"): "nor does signing out",
    ("entitlements", "/v1/simulate"): "what would change is shown, and nothing is changed",
    ("identity", "/scim/v2"): "an upstream says who people are, as by AMQP; its facts carry its name as their actor",
    ("identity", "/scim/v2/{rest:path}"): "the same; and If-Match is SCIM's own, checked where the resource is known",
    ("identity", "/v1/logins:bulk"): "a login is told by its person's use, not administered; each is a fact of its own",
}
"""Routes that change something and are no administrative act, and why."""


def writes(service: str) -> Iterator[APIRoute]:
    routers = [*import_module(f"usher_{service}.main").SERVICE.routers, dead_letters_http.router]
    for router in routers:
        yield from (one for one in router.routes if isinstance(one, APIRoute) and verbs(one) & WRITES)


def verbs(route: APIRoute) -> set[str]:
    return route.methods or set()


def declared(service: str) -> dict[str, str | None]:
    """By path and verb, the act that the route declares."""
    return {
        f"{' '.join(sorted(verbs(route)))} {route.path}": act_of_route(route.dependencies)
        for route in writes(service)
        if (service, route.path) not in NO_ACTS
    }


@pytest.mark.parametrize("service", AUDIT_FACTS)
def test_every_route_that_changes_something_declares_its_act(service: str) -> None:
    acts = declared(service)
    assert acts
    assert [route for route, act in acts.items() if act is None] == []
    assert [act for act in acts.values() if not re.fullmatch(r"[a-z_]+\.[a-z_]+", str(act))] == []


@pytest.mark.parametrize("service", AUDIT_FACTS)
def test_every_route_that_changes_what_is_there_can_be_told_by_if_match_what_it_changes(service: str) -> None:
    unguarded = [
        route.path
        for route in writes(service)
        if (service, route.path) not in NO_ACTS
        and verbs(route) & {"PUT", "PATCH"}
        and "if-match" not in [one.alias for one in route.dependant.header_params]
    ]
    assert unguarded == []


def test_no_exception_outlives_its_route() -> None:
    there = {(service, route.path) for service in AUDIT_FACTS for route in writes(service)}
    assert NO_ACTS.keys() <= there


def test_who_has_no_acts_of_its_own_calls_those_who_have() -> None:
    """The console changes nothing but by the services' APIs, in the name of who is signed in."""
    assert set(PORTS) - set(AUDIT_FACTS) == {"console"}
    assert import_module("usher_console.main").SERVICE.metadata is None

"""What is open to machine clients: the operations that name a scope, as the page on machines lists them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from fastapi.routing import APIRoute

from usher_contracts.audit import AUDIT_FACTS
from usher_kit import dead_letters_http
from usher_kit.machines import SCOPES, scope_of_route

PAGE = Path(__file__).parents[2] / "docs" / "machines.md"
OPERATION = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]+)`")
NEVER = (
    "/v1/clients",
    "/v1/upstreams",
    "/v1/identity-providers",
    "/v1/sessions",
    "/v1/settings",
    "/v1/dead-letters",
    "/v1/bi-users",
)
"""What decides who comes in and who sees what: a person's alone."""


def routes() -> Iterator[APIRoute]:
    for service in AUDIT_FACTS:
        for router in [*import_module(f"usher_{service}.main").SERVICE.routers, dead_letters_http.router]:
            yield from (one for one in router.routes if isinstance(one, APIRoute))


def opened() -> Mapping[str, set[str]]:
    """By scope, the operations that it opens."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for route in routes():
        if scope := scope_of_route(route.dependencies):
            found[scope] |= {f"{verb} {route.path}" for verb in route.methods or ()}
    return found


def told() -> Mapping[str, set[str]]:
    """By scope, the operations that the page lists."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {row.split("`")[1]: set(OPERATION.findall(row)) for row in rows}


def test_the_page_lists_what_each_scope_opens() -> None:
    assert told() == opened()
    assert told().keys() == SCOPES.keys()


def test_a_scope_that_reads_opens_nothing_that_changes() -> None:
    changes = {scope for scope, operations in opened().items() if any(not one.startswith("GET ") for one in operations)}
    assert changes == {scope for scope in SCOPES if scope.endswith(":write")}


def test_what_decides_who_comes_in_is_closed_to_machines() -> None:
    operations = [one for operations in opened().values() for one in operations]
    assert [one for one in operations if one.split()[1].startswith(NEVER) or one.endswith("/password")] == []

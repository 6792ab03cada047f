"""The thin thread: one role change goes from identity through entitlements to reporting, and can be followed."""

import json
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from usher_cli.clients.calls import new_trace_id
from usher_cli.main import app
from usher_cli.tracing.spans import Span, SpanReader
from usher_cli.tracing.tree import Node, build

from .system import SYSTEM, District, System, eventually

pytestmark = SYSTEM

FIVE = {f"usher-{name}" for name in ("identity", "entitlements", "usage", "notifications", "reporting")}


def test_a_role_granted_over_http_shows_in_reporting_within_a_second(
    district: District, record_property: Callable[[str, object], None]
) -> None:
    district.license("learn", seats=10)
    people = [district.person(f"learner-{n}") for n in range(5)]
    delays: list[float] = []
    for person in people:
        district.session.identity.set_roles(person, ["learner"], new_trace_id())
        delays.append(eventually(lambda: district.assigned("learn") == len(delays) + 1))
    record_property("seconds", delays)
    sys.stdout.write(f"seconds until reporting showed it: {', '.join(f'{delay:.3f}' for delay in delays)}\n")
    assert sorted(delays)[len(delays) // 2] < 1


def test_one_role_change_is_one_trace_over_five_services(system: System, district: District) -> None:
    district.license("learn", seats=10)
    person = district.person("ada")
    district.session.identity.set_roles(person, ["learner"], trace_id := new_trace_id())
    reader = SpanReader(system.spans)
    eventually(lambda: {span.service for span in reader.trace(trace_id)} == FIVE)
    eventually(lambda: applied(reader.trace(trace_id), "entitlements.seat.changed.v1") == 3)
    eventually(
        lambda: len(build(reader.trace(trace_id)).roots) == 1
    )  # each process writes its spans when it comes to it
    [root] = build(reader.trace(trace_id)).roots
    assert root.span.name == "PUT /v1/users/{user_id}/roles"
    assert root.statements > 0
    told = child(root, "publish identity.user.changed.v1")
    decided = child(told, "apply identity.user.changed.v1", "usher-entitlements")
    seated = child(decided, "publish entitlements.seat.changed.v1")
    assert {node.span.service for node in seated.children if node.span.name.startswith("apply")} == {
        "usher-usage",
        "usher-notifications",
        "usher-reporting",
    }


def test_usher_trace_draws_it_and_finds_it_by_person_and_by_message(system: System, district: District) -> None:
    person = district.person("grace")
    district.session.identity.set_roles(person, ["learner"], trace_id := new_trace_id())
    reader = SpanReader(system.spans)
    eventually(lambda: applied(reader.trace(trace_id), "identity.user.changed.v1") == 4)
    eventually(lambda: messages(reader.trace(trace_id)))
    [message, *_] = messages(reader.trace(trace_id))
    for question in ([trace_id], ["--user", person], ["--message", message]):
        drawn = CliRunner().invoke(app, ["trace", *question], obj=system.around)
        assert drawn.exit_code == 0, drawn.output
        assert f"trace {trace_id}" in drawn.stdout, question
        assert "apply identity.user.changed.v1" in drawn.stdout, question


def test_usher_doctor_finds_nothing(system: System, district: District) -> None:
    district.license("observe", seats=2)
    for n in range(4):
        district.person(f"observer-{n}", "observer")
    eventually(lambda: district.assigned("observe") == 2)
    examined = CliRunner().invoke(app, ["doctor", "--json"], obj=system.around)
    assert (examined.exit_code, [one for one in json.loads(examined.stdout)["items"] if not one["ok"]]) == (0, [])


@pytest.mark.parametrize(("seats", "assigned", "waiting"), [(1, 1, 2), (3, 3, 0)])
def test_who_finds_no_seat_waits_and_is_seated_when_there_are_more(
    district: District, seats: int, assigned: int, waiting: int
) -> None:
    district.license("observe", seats=seats)
    for n in range(3):
        district.person(f"observer-{n}", "observer")
    eventually(lambda: (district.assigned("observe"), district.figures("observe")["waitlisted"]) == (assigned, waiting))
    district.license("observe", seats=2)
    eventually(lambda: (district.assigned("observe"), district.figures("observe")["waitlisted"]) == (3, 0))


def applied(spans: list[Span], key: str) -> int:
    """In how many places a fact was applied."""
    return sum(span.name == f"apply {key}" for span in spans)


def messages(spans: list[Span]) -> list[str]:
    """The ids of the messages that were published."""
    return [span.attributes["messaging.message.id"] for span in spans if span.name.startswith("publish")]


def child(node: Node, name: str, service: str | None = None) -> Node:
    """The one child of that name."""
    [found] = [one for one in node.children if one.span.name == name and service in (None, one.span.service)]
    return found

"""Nothing of one tenant is ever visible to another (seats: I8), nor of one unit to its neighbor, not even that it is.

Every operation of every service is asked for, as its OpenAPI document has it, by those to whom what they name does not
belong; and at last by those to whom it does, which shows that the questions were good ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tests.integration.system import SYSTEM

from usher_kit.ids import new_id
from usher_kit.machines import SCOPES

from .books import Differences, differences
from .conftest import SERVICES, Two, quiet
from .operations import Operation
from .tenants import Things, machine_token
from .test_tokens import OPEN
from .walking import ACT, Walker, address, walk

pytestmark = SYSTEM

OF_SYSTEM = ("/v1/doctor", "/v1/dead-letters", "/v1/bi-users")
"""What is the deployment's, and a system administrator's alone."""

CHECK_MAY = {"GET /v1/check", "GET /v1/users"}
"""What products' clients are there for: they ask about people of every tenant, one by one."""

BY_LINK = {"GET /v1/keeps/{token}", "POST /v1/keeps/{token}"}
"""Who holds a mail's link may keep that seat, whoever they are: it is the link that is signed."""

OF_NOBODY = {
    "identity POST /oauth/token": "needs a client's secret, which no bearer has",
    "identity POST /v1/identity-providers": "asks the provider first, and none is there",
    "reporting GET /v1/rebuilds/{rebuild_id}": "there was no rebuild",
    "reporting POST /v1/rebuilds/{rebuild_id}:cancel": "there was no rebuild",
    **{
        f"{service} POST /v1/dead-letters:{act}": "has no letters; notifications has"
        for service in SERVICES
        if service != "notifications"
        for act in ("replay", "discard")
    },
}
"""Operations that answer nobody's token well, each with why."""

FOUND = {409, 412}
"""Answers to who has found something that is in another state."""

OF_THE_TENANT = {"GET /v1/grant-rules", "GET /v1/grant-rules/progress"}
"""What holds for a tenant as a whole: whoever is in it knows its id, which their token names."""

EMPTY = {
    *("identity.oauth_client", "identity.signing_key", "entitlements.product"),  # the operators'
    *("reporting.product", "reporting.product_history", "reporting.rebuild", "reporting.rebuild_part"),
    "reporting.forecast",  # made once a day
    *(f"{service}.outbox" for service in SERVICES),  # nothing is on its way
    *(f"{service}.re_emission" for service in SERVICES),  # nor asked for again
    *(f"{service}.told" for service in SERVICES if service != "entitlements"),  # where no history is kept
    *("entitlements.reevaluation", "entitlements.settling", "identity.upload_part"),  # work that is done
    *(
        "identity.erasure",
        "identity.pseudonym_key",
        "identity.academic_session",
        "identity.job_person",
        "identity.role_removal",
        "identity.upstream_loss",
    ),
    *("identity.upstream_tally", "identity.keycloak_realm", "identity.sign_in_attempt", "entitlements.work_list"),
    *(f"identity.scim_{table}" for table in ("email", "member", "resource", "token")),
    *(f"identity.roster_{table}" for table in ("page", "reading", "sync")),  # no roster is read over REST
    *(
        "notifications.export_file",
        "reporting.seat_place",
        "notifications.seat_activity",
        "usage.suspension",
        "reporting.idempotency_key",
    ),
}
"""Tables without a row of the tenants'."""


def strangers(two: Two) -> Iterator[Walker]:
    """Those of the other tenant, on the things of the one."""
    one, other = two.one, two.other
    hidden = two.books.ids(one.id)
    for who in ("admin", "learner", "east admin"):
        may_act = "admin" in who
        yield Walker(f"the other's {who}", two.token(other, who), other.things, one.things, hidden, one.mark, may_act)
    yield Walker("the other's admin, of a unit", two.token(other, "admin"), other.things, one.west, hidden, one.mark)
    machine = machine_token(two.session, other.id, *SCOPES)
    yield Walker("the other's machine", machine, other.things, one.east, hidden, one.mark)


def neighbors(two: Two) -> Iterator[Walker]:
    """Those of one unit on the things of its neighbor and of the whole tenant; and who has no role that sees others."""
    one = two.one
    of_others = {kind: one.west[kind] for kind in ("transfer", "license_request")}
    parent = {**one.things, **of_others, "word": ["learner 1"]}
    walkers = {who: two.token(one, who) for who in ("east admin", "east reporter", "learner")}
    walkers["east machine"] = machine_token(two.session, one.east["organization"][0], *SCOPES)
    for who, token in walkers.items():
        may_act = "admin" in who or "machine" in who
        for what, alien in (("neighbor", one.west), ("parent", parent))[: 2 if may_act else 1]:
            named = {**alien, "taken_name": [f"nobody-{new_id()}"], "tenant": [str(new_id())]}
            hidden = frozenset(ids_of(alien)) - frozenset(ids_of(one.east)) - {one.people.get(who)}
            yield Walker(f"{who} on the {what}", token, one.east, named, hidden, may_act=may_act)


def ids_of(things: Things) -> Iterator[str]:
    for values in things.values():
        yield from values


def test_every_operation_can_be_asked_for(operations: Sequence[Operation]) -> None:
    """A new one whose parameters nobody has spoken of yet fails here: say in wants.py what they name."""
    unspoken = [str(unfillable) for operation in operations for unfillable in operation.unfillable()]
    assert not unspoken, "\n".join(unspoken)
    assert len({operation.service for operation in operations}) == 5
    assert len(operations) > 100


def test_there_is_something_of_every_kind(two: Two) -> None:
    empty = {table for table, rows in two.books.digests(two.one.id).items() if not rows}
    assert not empty - EMPTY, ", ".join(sorted(empty - EMPTY))


def test_nothing_of_one_tenant_is_seen_or_changed_by_another(two: Two, operations: Sequence[Operation]) -> None:
    changed = walked(two, operations, list(strangers(two)), lambda walker, operation: operation.label not in BY_LINK)
    assert not changed


def test_nothing_of_one_unit_is_seen_or_changed_by_its_neighbor(two: Two, operations: Sequence[Operation]) -> None:
    def asks(walker: Walker, operation: Operation) -> bool:
        knows = operation.label in OF_THE_TENANT and walker.alien["organization"] == [two.one.id]
        return operation.label not in BY_LINK and not knows

    gone = walked(two, operations, list(neighbors(two)), asks)
    assert not {table for table, rows in gone.items() if rows["went"]}, "of what there was, all is as it was"


def test_a_products_client_asks_about_people_and_nothing_else(two: Two, operations: Sequence[Operation]) -> None:
    secret = two.system.settings["USHER_CHECK_CLIENT_SECRET"]
    token = client_token(two, "check", secret, scope="check")
    walker = Walker("a product", token, two.one.things, two.one.things, two.books.ids(two.one.id), two.one.mark)
    assert not walked(two, operations, [walker], lambda _, operation: operation.label not in BY_LINK | CHECK_MAY)


def test_a_machine_without_scopes_may_nothing_and_one_with_all_what_is_open_to_machines(
    two: Two, operations: Sequence[Operation]
) -> None:
    """Of its own tenant: what it is told is that it may not, before anything is looked at."""
    may_nothing = machine_token(two.session, two.one.id)
    may_all = machine_token(two.session, two.one.id, *SCOPES)
    quiet(two.session, two.one)
    before = two.books.digests(two.one.id)
    answered: set[str] = set()
    for operation in (one for one in operations if one.label not in OPEN):
        url, request = two.session.environment.url(operation.service), operation.request()
        own = {slot: two.one.things[slot.kind][0] for slot in request.slots}
        bearer = [{"Authorization": f"Bearer {token}"} for token in (may_nothing, may_all)]
        assert request.send(two.http, url, own.__getitem__, bearer[0]).status_code == 403, operation.label
        if operation.verb == "GET" and request.send(two.http, url, own.__getitem__, bearer[1]).is_success:
            answered.add(f"{operation.service} {operation.label}")
    quiet(two.session, two.one)
    changed = differences(before, two.books.digests(two.one.id))
    assert not [table for table in changed if not table.startswith("reporting.audit_")], "refusals are written down"
    assert len({one.split()[0] for one in answered}) == len(SERVICES), answered
    assert len(answered) > 30, answered


def test_what_is_the_deployments_is_a_system_administrators(two: Two, operations: Sequence[Operation]) -> None:
    headers = {"Authorization": f"Bearer {two.token(two.one, 'admin')}"}
    asked = [one for one in operations if one.path.startswith(OF_SYSTEM)]
    assert len(asked) > 10
    for operation in asked:
        url, request = two.session.environment.url(operation.service), operation.request()
        own = {slot: two.one.things[slot.kind][0] for slot in request.slots}
        assert request.send(two.http, url, own.__getitem__, headers).status_code == 403, operation.label


def test_who_they_belong_to_is_answered(two: Two, operations: Sequence[Operation]) -> None:
    """The same questions by the tenant's own, at last since these change it: they find what others did not."""
    one = two.one
    callers = [system(two), *({"Authorization": f"Bearer {two.token(one, who)}"} for who in ("admin", "learner"))]
    unanswered: list[str] = []
    for operation in sorted(operations, key=when):
        url, request = two.session.environment.url(operation.service), operation.request()
        own = {slot: one.things[slot.kind][0] for slot in request.slots}
        answers = [request.send(two.http, url, own.__getitem__, headers) for headers in callers]
        name = f"{operation.service} {operation.label}"
        if not any(answer.is_success or answer.status_code in FOUND for answer in answers) and name not in OF_NOBODY:
            unanswered.append(f"{name}: {[answer.text for answer in answers]}")
    assert not unanswered, "\n".join(unanswered)


def when(operation: Operation) -> int:
    """What is read comes first, and last what removes."""
    removes = operation.verb == "DELETE" or operation.path.endswith((":end", ":discard", ":withdraw"))
    return 2 if removes else int(operation.is_write)


def walked(
    two: Two,
    operations: Sequence[Operation],
    walkers: Sequence[Walker],
    asks: Callable[[Walker, Operation], bool],
) -> Differences:
    """Walk, and see that nothing was told. Answers what differs afterwards of what the one tenant has."""
    quiet(two.session, two.one)
    tags = tags_of(two, operations, [walker.alien for walker in walkers])
    before = two.books.digests(two.one.id)
    found: list[str] = []
    for walker in walkers:
        for operation in operations:
            if asks(walker, operation):
                url = two.session.environment.url(operation.service)
                found += walk(two.http, url, operation, walker, tags).found
    quiet(two.session, two.one)
    assert not found, "\n\n".join(found)
    return differences(before, two.books.digests(two.one.id))


def tags_of(two: Two, operations: Sequence[Operation], things: Iterable[Things]) -> Mapping[str, str]:
    """The ETags of things, by address, as a system administrator is told them."""
    found: dict[str, str] = {}
    readable = {(one.service, one.path) for one in operations if one.verb == "GET"}
    for operation in operations:
        if operation.takes_if_match and (operation.service, ACT.sub("", operation.path)) in readable:
            for alien in things:
                place = address(operation, operation.request(), alien)
                url = two.session.environment.url(operation.service) + place.split(" ")[1]
                query = {"org_id": alien["organization"][0]} if "{" not in operation.path else {}
                answer = two.http.get(url, params=query, headers=system(two))
                if "etag" in answer.headers:
                    found[place] = answer.headers["etag"]
    return found


def system(two: Two) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {two.session.credentials.token()}"}


def client_token(two: Two, client: str, secret: str, *, scope: str) -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    url = f"{two.session.environment.url('identity')}/oauth/token"
    return str(two.http.post(url, data=form, auth=(client, secret)).raise_for_status().json()["access_token"])

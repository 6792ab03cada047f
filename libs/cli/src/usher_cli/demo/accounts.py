"""The demo's accounts: somebody for each role who can sign in at the console."""

import secrets
from collections.abc import Sequence

from usher_cli.clients.calls import Json, RefusedError
from usher_cli.clients.session import Session
from usher_cli.demo.record import Account, Example
from usher_contracts.envelope import OPERATORS_TENANT

TAKEN = 409
USUAL = frozenset({"learner", "observable"})
STAFF = (
    ("system administrator", "system_admin", "demo.system", "Sam Operator"),
    ("organization administrator", "org_admin", "demo.admin", "Avery Administrator"),
    ("reporter", "reporter", "demo.reporter", "Robin Reporter"),
)


def create_staff(session: Session, root: str) -> list[tuple[str, str]]:
    """Those who run things: one a role, in the operators' tenant or at the root. Returns what each is, and their id."""
    made = []
    for what, role, user_name, name in STAFF:
        org_id = str(OPERATORS_TENANT) if role == "system_admin" else root
        person = {"org_id": org_id, "user_name": user_name, "display_name": name, "roles": [role]}
        made.append((what, find_or_create(session, person)["id"]))
    return made


def find_or_create(session: Session, person: Json) -> Json:
    """The person as they are, or new."""
    try:
        return session.identity.create_user(person)
    except RefusedError as refused:
        if refused.status != TAKEN:
            raise
        return session.identity.find_user(person["user_name"])


def pick_examples(session: Session, root: str) -> Sequence[Example]:
    """Somebody who holds a seat of learn, and the first who waits for observe; a set may have neither."""
    asked = (("learn", "assigned"), ("observe", "waitlisted"))
    found = [pick(session, root, product, state) for product, state in asked]
    return [one for one in found if one is not None]


def pick(session: Session, root: str, product: str, state: str) -> Example | None:
    """The first whose role is one that most people have: their story is the usual one."""
    seats = session.entitlements.seats(org_id=root, product=product, state=state, limit=100)["items"]
    usual = [seat for seat in seats if seat["role"] in USUAL]
    return Example(str((usual or seats)[0]["user_id"]), product, state) if seats else None


def open_accounts(session: Session, people: Sequence[tuple[str, str]]) -> tuple[Account, ...]:
    """A password for each person, by what they are and their id; who is several things gets one account."""
    named: dict[str, list[str]] = {}
    for what, user_id in people:
        named.setdefault(user_id, []).append(what)
    return tuple(open_account(session, ", ".join(whats), user_id) for user_id, whats in named.items())


def open_account(session: Session, what: str, user_id: str) -> Account:
    password = secrets.token_urlsafe(9)
    session.identity.set_password(user_id, password)
    return Account(what, user_id, session.identity.find_user(user_id)["user_name"], password)

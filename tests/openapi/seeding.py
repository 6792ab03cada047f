"""A district with something of everything, so that requests can name what is there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.integration.system import District, eventually

from usher_cli.clients.calls import ServiceClient
from usher_cli.clients.identity import Identity
from usher_cli.clients.session import Session

Known = Mapping[str, Sequence[str]]
"""What is there, by the names that requests give it."""

CROWD = 12
"""So many leaving at once are held by the guard on mass loss."""


@dataclass(frozen=True)
class Seeded:
    district: District
    admin: str
    """Administers the district."""
    known: Known
    schools: Sequence[str]
    crowd: Sequence[str]
    """Learners, three of whom hold a seat while the others wait; all are held by the guard on mass loss."""
    job: str


def seed(session: Session, mark: str = "Fuzz") -> Seeded:
    """Units, people, licenses, seats, people who wait, a job, a held change, a transfer and seats asked for.

    `mark` is in every name.
    """
    identity = session.identity
    root = {"name": mark, "kind": "district", "external_id": "district", "source": "sis"}
    district = District(session, str(identity.create_organization(root)["id"]), mark)
    schools = [
        str(identity.create_organization({"name": name, "kind": "school", "parent_id": district.id})["id"])
        for name in (f"East {mark}", f"West {mark}")
    ]
    terms = [district.license("learn", 3), district.license("observe", 5), district.license("observe", 1, days=20)]
    admin = district.person("admin", "org_admin")
    crowd = [district.person(f"learner {n}", "learner") for n in range(CROWD)]
    observers = [district.person(f"observer {n}", "observer") for n in range(3)]
    leaving = {"users": crowd, "act": "archive"}
    job = identity.bulk(json.dumps(leaving).encode(), "application/json", org_id=district.id, dry_run=False)
    eventually(lambda: identity.job(job["id"])["state"] not in {"waiting", "running"})
    eventually(lambda: district.assigned("observe") == 4)
    asked = ask_for_transfer(session, *(District(session, school, mark) for school in schools))
    wanted = {"org_id": schools[0], "product": "learn", "seats": 5}
    upstream = {"name": "directory", "org_id": district.id, "kind": "scim"}
    people = [admin, *crowd, *observers]
    organizations = [district.id, *schools]
    known = {
        "organization": organizations,
        "person": people,
        "term_id": terms,
        "pool_id": [str(one["id"]) for one in session.entitlements.pools(org_id=district.id)["items"]],
        "job_id": [str(job["id"])],
        "rebuild_id": [str(session.reporting.start_rebuild()["id"])],
        "set_id": [str(one["id"]) for one in identity.change_sets(org_id=district.id)["items"]],
        "transfer_id": [asked],
        "provider_id": [connect_provider(session, district)],
        "machine_id": [machine_of(session, district.id)],
        "export_id": [export_of(session, district.id)],
        "bi_user_id": [bi_user_of(session, district.id)],
        "schedule_id": [schedule_of(session, district.id)],
        "report": ["claims", "dashboard"],
        "cron": ["0 6 * * 1"],
        "upstream_id": [str(identity.calls.post("/v1/upstreams", upstream)["id"])],
        "issuer": [session.environment.url("identity")],
        "request_id": [str(session.entitlements.ask_for_seats(wanted)["id"])],
        "license_term_id": terms,
        "product": ["learn", "observe"],
        "roles": ["learner", "observer"],
        "role": ["learner", "observer"],
        "act": ["add_roles", "remove_roles", "transfer", "archive", "restore"],
        "if-match": ["*"],
        "at": ["2026-01-01T00:00:00Z"],
        "starts_at": ["2026-01-01T00:00:00Z", "2026-09-01T00:00:00+02:00"],
        "ends_at": ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"],
    }
    every = {**known, **under_other_names(known)}
    return Seeded(district, admin, every, schools, crowd, str(job["id"]))


def ask_for_transfer(session: Session, source: District, target: District) -> str:
    """A transfer that an administrator of one school asks the other for. Returns its id."""
    token = session.credentials.of_person(source.person("principal", "org_admin"))["access_token"]
    calls = ServiceClient("identity", session.environment.url("identity"), session.http, lambda: token)
    return str(Identity(calls).transfer(source.person("moving"), {"org_id": target.id}, dry_run=False)["id"])


def machine_of(session: Session, org_id: str) -> str:
    """A machine client that may do nothing. Returns its id."""
    body = {"name": "a program", "org_id": org_id, "scopes": []}
    return str(session.identity.calls.post("/v1/clients", body)["id"])


def export_of(session: Session, org_id: str) -> str:
    """An export of an organization's claims, with its file. Returns its id."""
    reporting = session.reporting
    id_ = str(reporting.start_export("claims", "csv", org_id=org_id, filters={})["id"])
    eventually(lambda: reporting.export(id_)["file"])
    return id_


def schedule_of(session: Session, org_id: str) -> str:
    """A schedule of an organization's claims. Returns its id."""
    wanted = {"report": "claims", "format": "csv", "org_id": org_id, "cron": "0 6 1 1 *", "recipients": []}
    return str(session.reporting.add_schedule(wanted)["id"])


def bi_user_of(session: Session, tenant_id: str) -> str:
    """A login of BI. Returns its id."""
    return str(session.reporting.add_bi_user("warehouse", tenant_id)["id"])


def connect_provider(session: Session, district: District) -> str:
    """A provider to sign in by: identity itself, which is one. Returns its id."""
    named = {"name": "itself", "org_id": district.id, "issuer": session.environment.url("identity")}
    body = {**named, "client_id": "somebody", "client_secret": "a secret"}
    return str(session.identity.calls.post("/v1/identity-providers", body)["id"])


def under_other_names(known: Known) -> Known:
    organizations, people = known["organization"], known["person"]
    return {
        **dict.fromkeys(("org_id", "organization_id", "parent_id", "org"), organizations),
        **dict.fromkeys(("user_id", "user_ids", "user", "users"), people),
    }

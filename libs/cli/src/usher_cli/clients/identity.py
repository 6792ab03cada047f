"""Identity's HTTP API, as far as the command uses it, and the names by which people and organizations are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from usher_cli.clients.calls import Json, RefusedError, ServiceClient, traceparent
from usher_cli.failure import Failure


@dataclass(frozen=True, slots=True)
class Identity:
    calls: ServiceClient

    def users(self, *, every: bool = False, **query: Any) -> Json:
        """People: by organization, role, status or text."""
        return self.calls.listed("/v1/users", every=every, **query)

    def find_user(self, user: str) -> Json:
        """The one person that an id, a user name, an email or an external id names. Raises Failure for none or many."""
        if is_id(user):
            return self.calls.get(f"/v1/users/{user}")
        found = self.calls.get("/v1/users", identifier=user)["items"]
        return only(found, f"person is known as {user!r}", [f"{one['user_name']} ({one['id']})" for one in found])

    def create_user(self, user: Json) -> Json:
        return self.calls.post("/v1/users", user)

    def set_roles(self, user_id: str, roles: Sequence[str], trace_id: str) -> Json:
        """Give a person exactly these roles, in a trace that can be followed. Returns the person after the change."""
        return self.calls.put(f"/v1/users/{user_id}/roles", {"roles": sorted(roles)}, traceparent=traceparent(trace_id))

    def create_organization(self, organization: Json) -> Json:
        """A new tenant or, with a `parent_id`, a unit."""
        return self.calls.post("/v1/organizations", organization)

    def set_password(self, user_id: str, password: str) -> None:
        self.calls.send("POST", f"/v1/users/{user_id}/password", json={"password": password})

    def tell_logins(self, logins: Sequence[Json]) -> Json:
        """Tell of up to 10,000 logins (`user_id`, `at`). One told twice counts once."""
        return self.calls.post("/v1/logins:bulk", {"logins": list(logins)})

    def organizations(self, *, every: bool = False, **query: Any) -> Json:
        return self.calls.listed("/v1/organizations", every=every, **query)

    def find_organization(self, organization: str) -> Json:
        """The one organization of an id, a whole name or an external id. Raises Failure for none or many."""
        if is_id(organization):
            return self.calls.get(f"/v1/organizations/{organization}")
        wanted = organization.casefold()
        found = [
            one for one in self.organizations(every=True, q=organization)["items"] if one["name"].casefold() == wanted
        ] or [
            one
            for one in self.organizations(every=True)["items"]
            if wanted in [known["external_id"].casefold() for known in one["external_ids"]]
        ]
        return only(
            found, f"organization is known as {organization!r}", [f"{one['name']} ({one['id']})" for one in found]
        )

    def calendar(self, org_id: str) -> Json:
        """The breaks that hold at an organization."""
        return self.calls.get(f"/v1/organizations/{org_id}/calendar")

    def set_calendar(self, org_id: str, breaks: Sequence[Json] | None) -> Json:
        """Enter an organization's breaks; None leaves them to its sources, or to the organizations above."""
        return self.calls.put(f"/v1/organizations/{org_id}/calendar", {"breaks": breaks})

    def start_import(self, archive: Path, *, source: str, tenant_id: str | None, dry_run: bool = False) -> Json:
        """Upload a OneRoster set as a zip file. Returns the job that reads it."""
        form = {"source": source, "dry_run": str(dry_run).lower()} | ({"tenant_id": tenant_id} if tenant_id else {})
        with archive.open("rb") as file:
            files = {"file": (archive.name, file, "application/zip")}
            answer: Json = self.calls.send("POST", "/v1/imports", files=files, data=form).json()
        return answer

    def bulk(self, content: bytes, media_type: str, *, org_id: str | None, dry_run: bool) -> Json:
        """Acts on many people, as CSV or JSON: the job that does them, or what they would do in a dry run."""
        query = {"dry_run": str(dry_run).lower()} | ({"org_id": org_id} if org_id else {})
        headers = {"content-type": media_type}
        answer: Json = self.calls.send("POST", "/v1/users:bulk", content=content, headers=headers, params=query).json()
        return answer

    def rows(self, job_id: str, **query: Any) -> Json:
        """What became of a bulk job's rows, a page of them."""
        return self.calls.get(f"/v1/jobs/{job_id}/rows", **query)

    def change_sets(self, *, every: bool = False, **query: Any) -> Json:
        """What the guard on mass loss holds: by organization and state."""
        return self.calls.listed("/v1/change-sets", every=every, **query)

    def change_set(self, set_id: str, **query: Any) -> Json:
        """A change set with a page of its people."""
        return self.calls.get(f"/v1/change-sets/{set_id}", **query)

    def decide_on(self, set_id: str, verdict: str, people: Sequence[str]) -> Json:
        """`approve` or `reject` what a set holds of these people; of everybody where none is named."""
        body = {"user_ids": list(people)} if people else {}
        return self.calls.post(f"/v1/change-sets/{set_id}:{verdict}", body)

    def transfer(self, user_id: str, wanted: Json, *, dry_run: bool) -> Json:
        """The person once they were moved, the transfer that was asked for, or what a dry run says of either."""
        path = f"/v1/users/{user_id}:transfer"
        answer: Json = self.calls.send("POST", path, json=wanted, params={"dry_run": str(dry_run).lower()}).json()
        return answer

    def erase(self, user_id: str, *, dry_run: bool) -> Json:
        """The tombstone of a person who was erased, or what a dry run says of it."""
        answer: Json = self.calls.send(
            "POST", f"/v1/users/{user_id}:erase", params={"dry_run": str(dry_run).lower()}
        ).json()
        return answer

    def erasure(self, user_id: str) -> Json:
        """How far the erasure of a person is."""
        return self.calls.get(f"/v1/users/{user_id}/erasure")

    def transfers(self, *, every: bool = False, **query: Any) -> Json:
        """What is asked of an organization's people, or for it: by organization and state."""
        return self.calls.listed("/v1/transfers", every=every, **query)

    def find_transfer(self, transfer_id: str) -> Json:
        return self.calls.get(f"/v1/transfers/{transfer_id}")

    def decide_on_transfer(self, transfer_id: str, verdict: str, said: Json) -> Json:
        """`approve`, `reject` or `withdraw` a transfer, with a note and what else is said."""
        return self.calls.post(f"/v1/transfers/{transfer_id}:{verdict}", said)

    def administered(self, tenant_id: str) -> str:
        """The topmost organization of a tenant that the caller administers: their own, or for the system all of it."""
        try:
            me = self.calls.get("/v1/me")
        except RefusedError as refused:
            if refused.status != HTTPStatus.FORBIDDEN:
                raise
            return tenant_id
        return str(me["org_id"]) if me["tenant_id"] == tenant_id else tenant_id

    def job(self, job_id: str) -> Json:
        """Long work: how far it is, and what came of it."""
        return self.calls.get(f"/v1/jobs/{job_id}")

    def foreseen(self, job_id: str) -> Json:
        """Everybody who would differ by an import that was a dry run, as they would be."""
        return self.calls.listed(f"/v1/jobs/{job_id}/people", every=True)

    def issues(self, job_id: str, *, every: bool = False, limit: int | None = None) -> Json:
        """What a job could not do, row by row."""
        return self.calls.listed(f"/v1/jobs/{job_id}/issues", every=every, limit=limit)

    def issues_as_csv(self, job_id: str) -> bytes:
        """All that a job could not do, as CSV."""
        return self.calls.send("GET", f"/v1/jobs/{job_id}/issues.csv").content


def is_id(name: str) -> bool:
    """Whether a name is an id of ours."""
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def only(found: Sequence[Json], what: str, named: Sequence[str]) -> Json:
    """The one that was found. Raises Failure for none, or for many, which it names."""
    if not found:
        raise Failure(f"No {what}. Give an id, or a whole name, in any case, or an external id.")
    if len(found) > 1:
        raise Failure(f"More than one {what}: {', '.join(named[:5])}. Give the id.")
    return found[0]

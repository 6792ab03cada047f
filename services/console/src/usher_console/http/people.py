"""People: the list with its filters."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from usher_console.clients.calls import Missing, or_missing
from usher_console.http.licenses import OrganizationId
from usher_console.http.pages import ReportsReader, Running, missing_text, page
from usher_console.views import people as views
from usher_console.views.organizations import organization_choices

PAGE = 50

router = APIRouter(include_in_schema=False)


@router.get("/users")
async def people(
    request: Request,
    running: Running,
    found: ReportsReader,
    q: str = "",
    org_id: OrganizationId = None,
    role: str = "",
    status: str = "",
    cursor: str = "",
) -> HTMLResponse:
    filters = {"q": q.strip(), "org_id": org_id, "role": role, "status": status}
    answer, organizations = await asyncio.gather(
        or_missing(running.identity.people(found.token, **filters, limit=PAGE, cursor=cursor)),
        or_missing(running.identity.organizations(found.token)),
    )
    known = [] if isinstance(organizations, Missing) else organizations
    names = {o.id: o.name for o in known}
    people = () if isinstance(answer, Missing) else answer.items
    return page(
        request,
        "people/list.html",
        found,
        here="people",
        missing=[missing_text("identity", "People")] if isinstance(answer, Missing) else [],
        chosen={"q": filters["q"], "any": any(filters.values())},
        choices=organization_choices(known, "All organizations", org_id),
        roles=views.role_choices(role),
        statuses=views.status_choices(status),
        rows=[views.person_row(person, names) for person in people],
        first=link(filters) if cursor else None,
        later=link(filters, answer.next_cursor) if not isinstance(answer, Missing) and answer.next_cursor else None,
    )


def link(filters: dict[str, Any], cursor: str | None = None) -> str:
    query = urlencode({name: value for name, value in {**filters, "cursor": cursor}.items() if value})
    return f"/users?{query}" if query else "/users"

"""The License Dashboard's page, and its figures alone for a browser that follows them."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from usher_console.clients.calls import Missing, or_missing
from usher_console.clients.identity import Organization
from usher_console.clients.reporting import Dashboard, UnitFigures
from usher_console.http.pages import Console, ReportsReader, Running, missing_text, page
from usher_console.rendering import render
from usher_console.views.allocation import BY_NAME, Allocation, allocation
from usher_console.views.licenses import license_dashboard, organizations_in
from usher_console.views.organizations import organization_choices, way_to
from usher_console.views.wording import Choice
from usher_console.visitors import Visitor

ALL_TENANTS = "All tenants"
CRUMBS = (("System Admin", None), ("Licenses", "/licenses"))

OrganizationId = Annotated[UUID | None, BeforeValidator(lambda value: value or None)]
"""An organization, or none where a form's choice is empty."""

Start = Annotated[int, Query(ge=0, le=100_000)]

router = APIRouter(include_in_schema=False)


@router.get("/licenses")
async def dashboard(
    request: Request,
    running: Running,
    found: ReportsReader,
    org_id: OrganizationId = None,
    sort: str = BY_NAME,
    start: Start = 0,
) -> HTMLResponse:
    organizations, shown = await asyncio.gather(
        or_missing(running.identity.organizations(found.token)), figures(running, found, org_id, sort, start)
    )
    missing = list(shown.pop("missing"))
    known: Sequence[Organization] = []
    if isinstance(organizations, Missing):
        missing.append(missing_text("identity", "Organizations to choose from"))
    else:
        known = organizations
    return page(
        request,
        "licenses/page.html",
        found,
        here="licenses",
        crumbs=[*CRUMBS, *((o.name, f"/licenses?org_id={o.id}") for o in way_to(known, org_id))],
        choices=choices(found, known, org_id),
        fragment=link("/licenses/figures", org_id, sort, start),
        missing=missing,
        **shown,
    )


def choices(found: Visitor, known: Sequence[Organization], org_id: UUID | None) -> list[Choice]:
    """Where one may look: a system administrator at all tenants together, too."""
    if found.is_system:
        return organization_choices(known, ALL_TENANTS, org_id)
    return organization_choices(known, None, org_id or found.org_id)


@router.get("/licenses/figures")
async def figures_alone(
    running: Running, found: ReportsReader, org_id: OrganizationId = None, sort: str = BY_NAME, start: Start = 0
) -> HTMLResponse:
    return HTMLResponse(
        render("licenses/figures.html", **await figures(running, found, org_id, sort, start)),
    )


async def figures(running: Console, found: Visitor, org_id: UUID | None, sort: str, start: int) -> dict[str, Any]:
    """What the figures' template shows: whatever reporting answers, and a banner for what it does not."""
    answer, units = await asyncio.gather(
        or_missing(running.reporting.dashboard(found.token, org_id)),
        or_missing(running.reporting.units(found.token, org_id)),
    )
    names = await names_for(running, found, answer, units)
    table = None if isinstance(units, Missing) else allocation(units, sort=sort, start=start)
    missing = [
        missing_text(part.service, what)
        for part, what in ((answer, "License figures"), (units, "Figures by organization"))
        if isinstance(part, Missing)
    ]
    return {
        "dashboard": None if isinstance(answer, Missing) else license_dashboard(answer, names),
        "allocation": table,
        "missing": missing[:1],
        **links(table, org_id),
    }


async def names_for(
    running: Console, found: Visitor, answer: Dashboard | Missing, units: Sequence[UnitFigures] | Missing
) -> dict[UUID, str]:
    """The names of the organizations that the figures refer to; identity is asked where the table lacks one."""
    names = {} if isinstance(units, Missing) else {unit.org_id: unit.name for unit in units}
    if isinstance(answer, Missing) or names.keys() >= organizations_in(answer):
        return names
    organizations = await or_missing(running.identity.organizations(found.token))
    return names if isinstance(organizations, Missing) else names | {o.id: o.name for o in organizations}


def links(table: Allocation | None, org_id: UUID | None) -> dict[str, Any]:
    """Where the table's headings and its other pages lead."""
    sort = table.sort if table else BY_NAME

    def to_page(start: int | None) -> str | None:
        return None if start is None else link("/licenses", org_id, sort, start)

    return {
        "sort_link": lambda order: link("/licenses", org_id, order, 0),
        "earlier": to_page(table.previous_start) if table else None,
        "later": to_page(table.next_start) if table else None,
    }


def link(path: str, org_id: UUID | None, sort: str, start: int) -> str:
    """An address with the choices that differ from the usual."""
    chosen = {"org_id": org_id, "sort": sort if sort != BY_NAME else None, "start": start}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{path}?{query}" if query else path

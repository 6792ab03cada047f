"""The page of one seat's history, from its first version to the last."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from usher_console.clients.calls import Missing, or_missing
from usher_console.http.pages import Running, SignedIn, missing_text, page
from usher_console.views.seat_history import turns
from usher_console.views.wording import product_name

ProductInPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Cursor = Annotated[str | None, Query(max_length=2_000)]

router = APIRouter(include_in_schema=False)


@router.get("/users/{user_id}/seats/{product}")
async def seat_history(
    request: Request,
    running: Running,
    found: SignedIn,
    user_id: UUID,
    product: ProductInPath,
    cursor: Cursor = None,
) -> HTMLResponse:
    person, history = await asyncio.gather(
        running.identity.person(found.token, user_id),
        or_missing(running.reporting.seat_history(found.token, user_id, product, cursor)),
    )
    people = ("People", "/users") if found.sees_reports else ("Your profile", f"/users/{user_id}")
    name = product_name(product)
    here = f"/users/{user_id}/seats/{product}"
    is_missing = isinstance(history, Missing)
    later = None if isinstance(history, Missing) else history.next_cursor
    return page(
        request,
        "people/history.html",
        found,
        here="people" if found.sees_reports else "",
        crumbs=[people, (person.name, f"/users/{user_id}"), (f"{name} seat", None)],
        person=person,
        product=name,
        turns=[] if isinstance(history, Missing) else turns(history.items),
        missing=missing_text("reporting", "Histories") if is_missing else "",
        first=here if cursor else "",
        later=f"{here}?{urlencode({'cursor': later})}" if later else "",
    )

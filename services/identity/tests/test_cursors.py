"""Cursors of lists that go by an id: what no list gave is refused (interfaces: HTTP conventions)."""

import pytest

from .story import House

NO_LIST, NO_ID = "bm8", "WyJub2JvZHkiXQ"


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/change-sets", "/v1/imports"])
@pytest.mark.parametrize("cursor", [NO_LIST, NO_ID])
async def test_a_cursor_that_no_list_gave_is_refused(house: House, path: str, cursor: str) -> None:
    refused = await house.system.ask("GET", path, params={"cursor": cursor})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/cursor"), refused.text

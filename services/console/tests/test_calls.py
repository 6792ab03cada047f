"""One call to a service, and the ways in which it may not answer."""

import httpx2
import pytest

from usher_console.clients.calls import AwayError, Missing, RefusedError, ServiceClient, SignedOutError, or_missing
from usher_console.clients.identity import Organization, Person

SOMEBODY = Person.model_validate({"id": "00000000-0000-0000-0000-000000000001", "version": 7})


def answering(status: int, body: object) -> ServiceClient:
    """A service whose every answer is this one; an echo of the request's headers where the body is None."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        content = (
            {**SOMEBODY.model_dump(mode="json"), "user_name": str(dict(request.headers))} if body is None else body
        )
        return httpx2.Response(status, json=content)

    return ServiceClient("identity", httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://x"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_service_that_fails_is_away(status: int) -> None:
    with pytest.raises(AwayError):
        await answering(status, {"detail": "no"}).get("/", "token", Person)


@pytest.mark.parametrize("body", [{}, [], "no", {"id": "no id"}])
async def test_a_service_whose_answer_cannot_be_read_is_away(body: object) -> None:
    with pytest.raises(AwayError):
        await answering(200, body).get("/", "token", Person)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, {"detail": "The token has expired."}, SignedOutError, "The token has expired."),
        (403, {"detail": "Not yours."}, RefusedError, "Not yours."),
        (409, {"title": "In conflict"}, RefusedError, "In conflict"),
        (404, "no problem document", RefusedError, "Not Found"),
    ],
)
async def test_a_refusal_says_why(status: int, body: object, kind: type[RefusedError], said: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        await answering(status, body).get("/", "token", Person)
    assert type(refusal.value) is kind
    assert (refusal.value.status, refusal.value.detail) == (status, said)


async def test_a_page_goes_on_without_who_is_away_but_not_without_leave() -> None:
    assert await or_missing(answering(503, {}).get("/", "token", Person)) == Missing("identity")
    with pytest.raises(RefusedError):
        await or_missing(answering(403, {}).get("/", "token", Person))


async def test_a_call_is_made_on_behalf_of_the_visitor_and_of_the_version_they_saw() -> None:
    answer = await answering(200, None).put("/", "secret", Person, {}, version=7)
    assert "'authorization': 'Bearer secret'" in answer.user_name
    assert "'if-match': '\"7\"'" in answer.user_name


async def test_fields_of_the_future_do_no_harm() -> None:
    body = {"id": str(SOMEBODY.id), "name": "A", "color": "blue"}
    assert (await answering(200, body).get("/", "token", Organization)).name == "A"

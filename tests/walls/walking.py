"""Walks every operation as somebody to whom the things it names do not belong, and compares with what is nowhere."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2

from .books import ID
from .operations import Operation, Request, Slot
from .tenants import Things

TRACE = re.compile(r'"trace_id":\s*("[0-9a-f]{32}"|null)')
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
OF_EACH_ANSWER = frozenset({"date", "content-length", "server"})
"""Headers that say nothing of what was asked."""

BY_ID_GIVEN = {"POST /v1/users/{user_id}:transfer"}
"""Who was given the id of an organization, or of a person of their tenant, may ask for a transfer: that there is
somebody who decides about it is all that they learn."""

ACT = re.compile(r":[a-z_]+$")


@dataclass(frozen=True)
class Walker:
    """Who walks, by which token, and what they name."""

    story: str
    token: str | None
    own: Things
    """What is theirs, for what has to be right beside what is not theirs."""
    alien: Things
    hidden: frozenset[str]
    """Ids that no answer to them holds, unless they sent them."""
    mark: str | None = None
    """A word that no answer to them holds."""
    may_act: bool = True
    """Whether they administer anything; who does not is refused before it matters which of the names is alien."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True)
class Answer:
    """What an answer tells: apart from ids and times that are new each time, and from what was sent."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Walk:
    """What came of it."""

    requests: int = 0
    found: list[str] = field(default_factory=list)


def walk(http: httpx2.Client, url: str, operation: Operation, walker: Walker, tags: Mapping[str, str]) -> Walk:
    """Ask for one operation, naming what is alien to the walker in each place and in all, and what is nowhere.

    `tags` are the true ETags of the alien things, by address.
    """
    came = Walk()
    request = operation.request()
    for alien in variants(request) if walker.may_act else [tuple(request.slots)]:
        for headers in conditions(operation, request, walker, tags):
            theirs = {slot: (walker.alien if slot in alien else walker.own)[slot.kind][0] for slot in request.slots}
            nowhere = {slot: made_up(slot, theirs[slot]) if slot in alien else theirs[slot] for slot in request.slots}
            answers = [
                request.send(http, url, values.__getitem__, {**walker.headers, **headers})
                for values in (theirs, nowhere)
            ]
            came.requests += 2
            place = f"{walker.story}: {operation.service} {operation.label} {[slot.kind for slot in alien]} {headers}"
            came.found += [f"{place}: {what}" for what in leaks(answers[0], walker, list(theirs.values()))]
            shown, unseen = told(answers[0], theirs.values()), told(answers[1], nowhere.values())
            by_name = operation.label in BY_ID_GIVEN and len(alien) == 1
            if alien and shown != unseen and not by_name:
                came.found.append(f"{place}: {shown} is not {unseen}")
            if answers[0].status_code >= 500:
                came.found.append(f"{place}: {answers[0].status_code} {answers[0].text}")
    return came


def variants(request: Request) -> list[Sequence[Slot]]:
    """Which places name what is alien: all of them, and each by itself."""
    each = [(slot,) for slot in request.slots]
    return [tuple(request.slots), *(each if len(each) > 1 else [])]


def conditions(
    operation: Operation, request: Request, walker: Walker, tags: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Without a condition, with that of anything that is there, and with the one that is true of the alien thing."""
    yield {}
    if operation.takes_if_match and walker.may_act:
        yield {"If-Match": "*"}
        if tag := tags.get(address(operation, request, walker.alien)):
            yield {"If-Match": tag}


def address(operation: Operation, request: Request, things: Things) -> str:
    """The address of the thing that a request acts on."""
    path = ACT.sub("", operation.path)
    for name, value in request.names.items():
        path = path.replace(f"{{{name}}}", things[value.kind][0] if isinstance(value, Slot) else str(value))
    return f"{operation.service} {path}"


def made_up(slot: Slot, like: str) -> str:
    """What is nowhere, of the same form."""
    if slot.kind == "keep_link":
        return like[:-8] + "AAAAAAAA"
    return ID.sub(lambda _: str(uuid4()), like) if ID.search(like) else f"nobody{uuid4().hex[:8]}"


def leaks(answer: httpx2.Response, walker: Walker, sent: Sequence[str]) -> Iterator[str]:
    """What an answer holds that is hidden from the walker."""
    text = without(f"{answer.text}\n{list(answer.headers.items())}", sent)
    for id_ in {*ID.findall(text)} & walker.hidden:
        yield f"{answer.status_code} tells of {id_}: {answer.text[:500]}"
    if walker.mark and walker.mark in text:
        yield f"{answer.status_code} tells a name: {answer.text[:500]}"


def told(answer: httpx2.Response, sent: object) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name not in OF_EACH_ANSWER}
    return Answer(
        answer.status_code, {name: same(value, sent) for name, value in headers.items()}, same(answer.text, sent)
    )


def same(text: str, sent: object) -> str:
    """A text without what differs between two answers that tell the same."""
    text = TRACE.sub("<trace>", without(text, sent))
    return TIME.sub("<time>", ID.sub("<id>", text))


def without(text: str, sent: object) -> str:
    for value in sorted(sent, key=len, reverse=True):  # type: ignore[call-overload]
        text = text.replace(value, "<sent>")
    return text

"""License requests asked, changed, withdrawn and answered: tracked, and told to those who sell and those who asked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.license_requests import (
    Answer,
    Asker,
    Hands,
    LicenseRequest,
    Refusal,
    RequestAct,
    refuse,
    refuse_answer,
)
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.domain.tree import ancestors
from usher_entitlements.store.license_requests import load_figures, lock_open_request, lock_request
from usher_entitlements.store.organizations import load_tree
from usher_entitlements.store.terms import find_term
from usher_entitlements.use_cases.recording import record_new_request, record_request
from usher_kit.conditional import check_match, etag
from usher_kit.database import Contended
from usher_kit.errors import Conflict, Forbidden, Invalid, NotFound, UsherError
from usher_kit.ids import new_id


async def ask(
    conn: AsyncConnection, asker: Asker, product: str, seats: int, note: str | None, at: datetime, cause: Cause
) -> LicenseRequest:
    """Ask for further seats in the pool that serves an organization, with its figures as they are now.

    Where no pool serves it, the request is about the one that a term of its own would open. Raises Conflict where it
    has an open request there.
    """
    pool, figures = await load_figures(conn, asker, product)
    if known := await lock_open_request(conn, asker.tenant_id, pool, asker.org_id):
        raise Conflict(
            f"The organization asks for {known.seats} seats of {product} already, in license request {known.id}. "
            f"Change that one (PATCH /v1/license-requests/{known.id}), or withdraw it first."
        )
    asked = LicenseRequest(
        asker.tenant_id, new_id(), asker.org_id, pool, product, seats, note, figures, cause.actor, at
    )
    made = await record_new_request(conn, asked, at, cause)
    if made is None:
        raise Contended("the organization asked meanwhile")
    return made


async def change(
    conn: AsyncConnection,
    request: LicenseRequest,
    asker: Asker,
    seats: int | None,
    note: str | None,
    at: datetime,
    cause: Cause,
) -> LicenseRequest:
    """Let an open request, which is locked, ask for other seats or with another note (None: as before)."""
    _, figures = await load_figures(conn, asker, request.product)
    return await record_request(conn, request, request.asking(seats, note, figures, cause.actor, at), at, cause)


async def withdraw(conn: AsyncConnection, request: LicenseRequest, at: datetime, cause: Cause) -> LicenseRequest:
    """Take back an open request, which is locked."""
    return await record_request(conn, request, request.withdrawn(cause.actor, at), at, cause)


async def answer(
    conn: AsyncConnection, request: LicenseRequest, said: Answer, at: datetime, cause: Cause
) -> LicenseRequest:
    """Grant or decline an open request, which is locked.

    Raises Invalid for an answer that lacks its reason, or names a term that gives the organization no seats.
    """
    if refusal := refuse_answer(said):
        raise in_words(refusal, request)
    if said.license_term_id is not None:
        await check_term(conn, request, said.license_term_id)
    return await record_request(conn, request, request.answered(said, cause.actor, at), at, cause)


async def lock_for(
    conn: AsyncConnection, request_id: UUID, act: RequestAct, hands: Hands, if_match: str | None
) -> LicenseRequest:
    """A request, locked, to which this may be done.

    Raises NotFound, Forbidden and Conflict where it may not, Stale where it is not as `if_match` says.
    """
    request = await lock_request(conn, request_id)
    if request is None:
        raise not_found()
    refusal = refuse(act, request.state, hands)
    # Who must not know the request is not told its version either.
    if refusal in (None, Refusal.OVER):
        check_match(if_match, etag(request.version))
    if refusal:
        raise in_words(refusal, request)
    return request


async def check_term(conn: AsyncConnection, request: LicenseRequest, term_id: UUID) -> None:
    """Raises Invalid for a term that can give the organization that asks no seats of the product."""
    term = await find_term(conn, term_id)
    parents = (await load_tree(conn, [request.tenant_id])).parents
    if term is None or not gives(term, request, list(ancestors(request.org_id, parents))):
        raise Invalid(
            f"{term_id} is no current license term of {request.product} of the organization that asks, or of one above "
            "it. Name the term that was bought or changed, or none.",
            pointer="/license_term_id",
        )


def gives(term: LicenseTerm, request: LicenseRequest, line: Sequence[UUID]) -> bool:
    return term.product == request.product and term.org_id in line and not term.state.is_final


def not_found() -> NotFound:
    return NotFound("No such license request, or it is not yours to see.")


def in_words(refusal: Refusal, request: LicenseRequest) -> UsherError:
    """A refusal as the error that says what to do."""
    match refusal:
        case Refusal.NOT_THEIRS:
            return not_found()
        case Refusal.OPERATORS_ANSWER:
            return Forbidden("Only a system administrator answers license requests; yours can be changed or withdrawn.")
        case Refusal.OVER:
            return Conflict(f"This license request is {request.state} already. Ask anew: POST /v1/license-requests.")
        case Refusal.NO_REASON:
            return Invalid("Say why it is declined: those who asked are told.", pointer="/note")
        case Refusal.TERM_WITHOUT_GRANT:
            return Invalid("Only a granted request names a term; leave it out.", pointer="/license_term_id")

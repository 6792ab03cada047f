"""Explanations in words: one sentence for each code, and one for each step of a counterfactual."""

from collections.abc import Mapping

from usher_entitlements.domain.counterfactual import Act, Step
from usher_entitlements.domain.explanation import Code, Explanation
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import TermState

WORDS: Mapping[Code, str] = {
    Code.CHANGE_IN_PROGRESS: "A change that concerns this seat is on its way; ask again in a moment.",
    Code.UNKNOWN_USER: "Nobody is known by this id.",
    Code.USER_NOT_ACTIVE: "The person is {status}: only active people hold seats.",
    Code.PRODUCT_NOT_ACTIVATED: "Neither the person's organization nor one above it has ever licensed {product}.",
    Code.NO_ROLE: "None of the person's roles calls for {product}; roles that do: {roles}.",
    Code.WITHHELD: "An administrator has withheld {product} from the person since {blocked}{note}.",
    Code.RECLAIMED: "The seat of {product} was reclaimed on {blocked}: the person had not come. A login returns it.",
    Code.LICENSE_NOT_STARTED: "The license of {product} starts on {start}.",
    Code.LICENSE_EXPIRED: "The license of {product} has run out.",
    Code.WAITLISTED: "The person waits at position {position}: of the {seats} seats of {product}, {assigned} are held.",
    Code.IN_GRACE: "The person holds a seat of {product}. The license has ended; access continues until {until}.",
    Code.SEATED: "The person holds a seat of {product}, for the role {role}.",
}
WAITS_IN_GRACE = "The person waits at position {position}: in the grace period of {product} nobody new is seated."

STEPS: Mapping[Act, str] = {
    Act.CREATE_USER: "Create the person.",
    Act.ACTIVATE_USER: "Make the person active.",
    Act.GRANT_ROLE: "Grant the role {role}.",
    Act.LIFT_BLOCK: "Lift what keeps the person from {product}.",
    Act.BUY_TERM: "License {product} for the organization or one above it.",
    Act.START_TERM: "Wait for the license of {product} to start, or let it start earlier.",
    Act.RENEW_TERM: "Renew the license of {product}{size}.",
    Act.ADD_SEATS: "Add seats of {product}: {seats}; administrators ask for them by a license request.",
}


def to_words(explanation: Explanation, standing: Standing, note: str | None = None) -> str:
    """The answer as a sentence that a person understands. `note` is what an administrator wrote on the seat."""
    pool, code = standing.pool, explanation.code
    waits_in_grace = code is Code.WAITLISTED and pool is not None and pool.license.state is TermState.GRACE
    starts = [term.starts_at for term in standing.terms if term.state is TermState.SCHEDULED]
    return (WAITS_IN_GRACE if waits_in_grace else WORDS[code]).format(
        product=standing.product,
        status=standing.person.status if standing.person else "",
        roles=", ".join(standing.rules.get(standing.product, {})) or "none",
        role=standing.seat.role if standing.seat else "",
        position=explanation.position,
        seats=pool.license.capacity + (pool.license.extra or 0) if pool else 0,
        assigned=pool.assigned if pool else 0,
        start=f"{min(starts):%Y-%m-%d}" if starts else "",
        blocked=f"{standing.seat.blocked_at:%Y-%m-%d}" if standing.seat and standing.seat.blocked_at else "",
        note=f": {note}" if note else "",
        until=f"{explanation.until:%Y-%m-%d}" if explanation.until else "",
    )


def step_in_words(step: Step, product: str) -> str:
    """One act of a counterfactual, as an instruction."""
    size = f", for {step.seats} seats at least" if step.seats else ""
    return STEPS[step.act].format(product=product, role=step.role, seats=step.seats, size=size)

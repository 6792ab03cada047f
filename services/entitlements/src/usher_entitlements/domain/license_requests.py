"""License requests: an organization asks for more seats, with figures; states, and who may do what (guide)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_entitlements.domain.pools import Pool


class RequestState(StrEnum):
    """Open until it is answered or taken back; then it stays as it is for ever."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class RequestAct(StrEnum):
    """What can be done about a request that was made."""

    CHANGE = "change"
    WITHDRAW = "withdraw"
    ANSWER = "answer"


class Refusal(StrEnum):
    """Why an act on a request is not done."""

    NOT_THEIRS = "not_theirs"
    """The caller does not administer the organization that asks."""
    OPERATORS_ANSWER = "operators_answer"
    """Only a system administrator, who makes terms, says what becomes of a request."""
    OVER = "over"
    """It has been answered or withdrawn."""
    NO_REASON = "no_reason"
    """Declined, without a word why."""
    TERM_WITHOUT_GRANT = "term_without_grant"
    """Declined, and yet naming a term."""


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """The pool that serves the organization, at the moment of asking; zero, without an end, where none does.

    `waitlisted_here` are those of `waitlisted` who are of the organization that asks, or of its units.
    """

    capacity: int = 0
    assigned: int = 0
    available: int = 0
    waitlisted: int = 0
    waitlisted_here: int = 0
    suspended: int = 0
    over_allocated: bool = False
    license_state: str | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(cls, pool: Pool, waitlisted_here: int) -> "RequestFigures":
        given = pool.license
        return cls(
            capacity=given.capacity,
            assigned=pool.assigned,
            available=given.capacity - pool.assigned,
            waitlisted=pool.waitlisted,
            waitlisted_here=waitlisted_here,
            suspended=pool.suspended,
            over_allocated=pool.over_allocated,
            license_state=given.state.value,
            ends_at=given.ends_at,
        )


@dataclass(frozen=True, slots=True)
class Asker:
    """An organization that asks, with its `units`: itself and all below it."""

    tenant_id: UUID
    org_id: UUID
    units: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Hands:
    """In whose hands a request is: who administers the organization that asks, and who makes terms."""

    administers: bool
    is_system: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Granted or declined, why, and the term that was bought or changed for it."""

    verdict: RequestState
    note: str | None = None
    license_term_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LicenseRequest:
    """`org_id` asks for so many further `seats` in the pool that serves it. Who acts is named as in facts."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    pool_id: UUID
    product: str
    seats: int
    note: str | None
    figures: RequestFigures
    asked_by: str
    asked_at: datetime
    state: RequestState = RequestState.OPEN
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer_note: str | None = None
    license_term_id: UUID | None = None
    version: int = 1

    def asking(
        self, seats: int | None, note: str | None, figures: RequestFigures, by: str, at: datetime
    ) -> "LicenseRequest":
        """The request as it is asked now (None: as before), with the figures of now; itself where nothing differs."""
        wanted = (self.seats if seats is None else seats, self.note if note is None else note)
        if wanted == (self.seats, self.note):
            return self
        seats, note = wanted
        return replace(
            self, seats=seats, note=note, figures=figures, asked_by=by, asked_at=at, version=self.version + 1
        )

    def withdrawn(self, by: str, at: datetime) -> "LicenseRequest":
        """The request as those who asked have taken it back."""
        return self.answered(Answer(RequestState.WITHDRAWN), by, at)

    def answered(self, answer: Answer, by: str, at: datetime) -> "LicenseRequest":
        """The request as it has been answered."""
        return replace(
            self,
            state=answer.verdict,
            answered_by=by,
            answered_at=at,
            answer_note=answer.note,
            license_term_id=answer.license_term_id,
            version=self.version + 1,
        )


def refuse(act: RequestAct, state: RequestState, hands: Hands) -> Refusal | None:
    """Why this may not be done to a request; None where it may. Whose it is not is not told how it stands."""
    if not (hands.administers or hands.is_system):
        return Refusal.NOT_THEIRS
    if act is RequestAct.ANSWER and not hands.is_system:
        return Refusal.OPERATORS_ANSWER
    return None if state is RequestState.OPEN else Refusal.OVER


def refuse_answer(answer: Answer) -> Refusal | None:
    """What is wrong with an answer: no needs a reason, and only yes can name the term that came of it."""
    if answer.verdict is not RequestState.DECLINED:
        return None
    if answer.license_term_id is not None:
        return Refusal.TERM_WITHOUT_GRANT
    return None if answer.note else Refusal.NO_REASON

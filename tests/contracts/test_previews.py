"""What identity's dry runs answer is what entitlements' simulate takes (seats: Capacity)."""

from uuid import UUID

import pytest

from usher_entitlements.http.simulate import Supposed
from usher_identity.http.asking import TransferPreview
from usher_identity.http.bulk import PreviewAnswer
from usher_identity.http.jobs import RowCounts
from usher_identity.http.people import PersonState

STATE = PersonState(
    tenant_id=UUID(int=3), user_id=UUID(int=1), org_id=UUID(int=2), status="active", roles=["learner", "observer"]
)
ANSWERS = [
    TransferPreview(outcome="asked", people=[STATE], people_there=[]),
    PreviewAnswer(counts=RowCounts(), rows=[], people=[STATE], held=[]),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=["transfer", "bulk"])
def test_the_people_of_a_preview_can_be_supposed(answer: TransferPreview | PreviewAnswer) -> None:
    people = answer.model_dump(mode="json")["people"]
    supposed = Supposed.model_validate({"org_id": str(UUID(int=2)), "people": people})
    assert [one.model_dump() for one in supposed.people] == [STATE.model_dump(exclude={"tenant_id"})]

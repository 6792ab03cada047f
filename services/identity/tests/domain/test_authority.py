"""Authority: only a system administrator grants system_admin, and only to operators (seats: Words)."""

import pytest

from usher_identity.domain.authority import check_grants
from usher_identity.domain.refusals import NotAllowed, Refusal


@pytest.mark.parametrize(
    ("story", "before", "after", "by_system", "is_operator", "refused"),
    [
        ("an administrator grants what is theirs to grant", [], ["org_admin", "learner"], False, False, None),
        ("system_admin is not theirs", [], ["system_admin"], False, True, NotAllowed),
        ("nor theirs to take", ["system_admin"], [], False, True, NotAllowed),
        ("what stays is no grant", ["system_admin"], ["system_admin", "learner"], False, True, None),
        ("a system administrator makes another", [], ["system_admin"], True, True, None),
        ("but among operators alone", [], ["system_admin"], True, False, Refusal),
        ("and takes it from anybody", ["system_admin"], [], True, False, None),
    ],
)
def test_stories(
    story: str,
    before: list[str],
    after: list[str],
    *,
    by_system: bool,
    is_operator: bool,
    refused: type[Exception] | None,
) -> None:
    if refused is None:
        check_grants(before, after, by_system=by_system, is_operator=is_operator)
        return
    with pytest.raises(Refusal) as raised:
        check_grants(before, after, by_system=by_system, is_operator=is_operator)
    assert type(raised.value) is refused, story

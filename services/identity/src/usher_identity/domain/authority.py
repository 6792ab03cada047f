"""Authority: who may grant what to whom (seats: Words; interfaces: Roles and what they may do)."""

from collections.abc import Iterable

from usher_identity.domain.refusals import NotAllowed, Refusal
from usher_identity.domain.roles import Role


def check_grants(before: Iterable[str], after: Iterable[str], *, by_system: bool, is_operator: bool) -> None:
    """Whether a person's roles may go from `before` to `after`; the person's unit is the caller's, or they are system.

    `is_operator`: the person lives in the operators' tenant, as every system administrator does.
    Raises NotAllowed for who is no system administrator, Refusal for a person who cannot be one.
    """
    if Role.SYSTEM_ADMIN not in frozenset(before) ^ frozenset(after):
        return
    if not by_system:
        raise NotAllowed("Only a system administrator grants or removes system_admin.", "/roles")
    if Role.SYSTEM_ADMIN in frozenset(after) and not is_operator:
        raise Refusal(
            "System administrators live in the operators' tenant; create this person there to make them one.", "/roles"
        )

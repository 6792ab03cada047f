"""Which members of a group a PATCH is about, so that no more of them are loaded than that."""

from collections.abc import Iterable
from typing import Any

from scim2_models import PatchOp, PatchOperation
from scim2_models.path import AttrPath, CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

MEMBERS = "members"


def members_of(patch: "PatchOp[Any]") -> set[str] | None:
    """The ids of members that a PATCH adds or takes; None where it is about all of them."""
    found: set[str] = set()
    for operation in patch.operations or []:
        named = named_by(operation)
        if named is None:
            return None
        found |= named
    return found


def named_by(operation: "PatchOperation[Any]") -> set[str] | None:
    node = operation.path.ast if operation.path else None
    if node is None:
        given = operation.value if isinstance(operation.value, dict) else {}
        value = next((one for key, one in given.items() if str(key).lower().rpartition(":")[2] == MEMBERS), None)
        return set() if value is None else listed(value) if operation.op == PatchOperation.Op.add else None
    if isinstance(node, AttrPath):
        if node.attr.lower() != MEMBERS:
            return set()
        is_listed = operation.op != PatchOperation.Op.replace_ and operation.value is not None and not node.sub_attr
        return listed(operation.value) if is_listed else None
    if isinstance(node, ValuePath) and node.attr_path.attr.lower() == MEMBERS:
        return selected(node.val_filter)
    return None


def listed(value: Any) -> set[str]:
    items: Iterable[Any] = value if isinstance(value, list) else [value]
    values = (one.get("value") if isinstance(one, dict) else getattr(one, "value", one) for one in items)
    return {one for one in values if isinstance(one, str)}


def selected(node: FilterNode) -> set[str] | None:
    """The ids that a selection names one by one; None for one that goes by anything else."""
    if isinstance(node, Comparison):
        is_one = node.op == CompareOperator.eq and node.attr_path.attr.lower() == "value"
        return {node.value} if is_one and isinstance(node.value, str) else None
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        terms = [selected(term) for term in node.terms]
        known = [one for one in terms if one is not None]
        return set().union(*known) if len(known) == len(terms) else None
    return None

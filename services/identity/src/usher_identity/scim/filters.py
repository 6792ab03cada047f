"""SCIM's filters as conditions of the database: whole, as one SQL/JSON path; and what of them an index answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel
from scim2_models import InvalidFilterException, Path, Resource, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from usher_identity.scim.resources import MAX_FILTER, MODELS
from usher_identity.scim.searched import fold, json_path, moment

NEVER = "(1 == 2)"
ORDERS = {
    CompareOperator.gt: ">",
    CompareOperator.ge: ">=",
    CompareOperator.lt: "<",
    CompareOperator.le: "<=",
}
SPECIAL = frozenset(r"\.^$*+?()[]{}|")
BY_INDEX: Mapping[str, Mapping[str, str]] = {
    "User": {"id": "id", "userName": "name", "externalId": "external_id", "emails.value": "email"},
    "Group": {"id": "id", "displayName": "name", "externalId": "external_id", "members.value": "member"},
}
"""What of each kind an index finds by its whole value, and by which key."""

RELATED = frozenset({"groups", "members"})
"""What is kept apart from a resource, in rows of its own."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter over one kind of resource."""

    path: str
    """A predicate of PostgreSQL's SQL/JSON path language over the resource's searched form."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What an index answers: conditions that all hold where the filter does."""
    names_related: bool = False
    """Whether it asks for memberships, which the searched form is without."""


def condition(kind: str, filter_: ScimFilter[Any]) -> Condition:
    """What a filter asks of one kind of resource. Raises InvalidFilterException for what cannot be compared.

    An attribute that the kind has not, no resource of it matches (RFC 7644, 3.4.2.1).
    """
    if len(filter_) > MAX_FILTER:
        raise InvalidFilterException(detail=f"The filter is longer than {MAX_FILTER} characters; ask in parts")
    writer = PathWriter(MODELS[kind])
    path = writer.visit(filter_.ast)
    return Condition(path, keys_of(kind, filter_.ast), writer.names_related)


class PathWriter(FilterVisitor[str]):
    """Writes a filter as a predicate; of a value selection, the inner filter is over one value, `@`."""

    def __init__(self, model: type[Resource[Any]], outer: AttrPath | None = None) -> None:
        self.model = model
        self.outer = outer
        self.names_related = False

    def visit_comparison(self, node: Comparison) -> str:
        found = self.find(node.attr_path, compared=True)
        if found is None:
            return NEVER
        binding, where = found
        value = operand(binding, node)
        if value is None:
            absent = f"!(exists({where}))"
            return {CompareOperator.eq: absent, CompareOperator.ne: f"exists({where})"}.get(node.op, NEVER)
        return compared(where, node.op, value)

    def visit_present(self, node: Present) -> str:
        found = self.find(node.attr_path, compared=False)
        return f"exists({found[1]})" if found else NEVER

    def visit_not(self, node: Not) -> str:
        return f"!({self.visit(node.expr)})"

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        sign = " && " if node.op == LogicalOperator.and_ else " || "
        return "(" + sign.join(f"({self.visit(term)})" for term in node.terms) + ")"

    def visit_value_path(self, node: ValuePath) -> str:
        found = self.find(node.attr_path, compared=False)
        if found is None or self.outer:
            return NEVER
        inner = PathWriter(self.model, node.attr_path).visit(node.val_filter)
        return f"exists({found[1]}[*] ? ({inner}))"

    def find(self, attribute: AttrPath, *, compared: bool) -> tuple[AttributeBinding, str] | None:
        """What an attribute is, and where; None where this kind of resource has it not."""
        named = self.named(attribute)
        if named is None:
            return self.itself(attribute)
        path = Path[self.model](str(named))  # type: ignore[name-defined]
        binding = path.resolve()
        if binding is not None and compared and is_complex(binding):
            path = Path[self.model](f"{named}.value")  # type: ignore[name-defined]
            binding = path.resolve()
        if binding is None:
            return None
        steps = json_path(self.model, path)
        self.names_related = self.names_related or steps[0] in RELATED
        inner = steps[-1:] if self.outer else steps
        return binding, ("@" if self.outer else "$") + "".join(f".{json.dumps(step)}" for step in inner)

    def named(self, attribute: AttrPath) -> AttrPath | None:
        """The attribute by its whole name; None for a plain value that a selection calls `value`."""
        if self.outer is None:
            return attribute
        binding = Path[self.model](str(self.outer)).resolve()  # type: ignore[name-defined]
        if binding is not None and not is_complex(binding) and attribute.attr.lower() == "value":
            return None
        return AttrPath(self.outer.attr, attribute.attr, self.outer.uri)

    def itself(self, _: AttrPath) -> tuple[AttributeBinding, str] | None:
        binding = Path[self.model](str(self.outer)).resolve()  # type: ignore[name-defined]
        return (binding, "@") if binding is not None else None


def is_complex(binding: AttributeBinding) -> bool:
    kind = binding.target_type
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def operand(binding: AttributeBinding, node: Comparison) -> Any:
    """What a filter compares with, in the form that the searched form has it. Raises InvalidFilterException."""
    value = coerce_value(binding, node.value, node.op)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bytes):
        return str(node.value)
    if isinstance(value, str):
        return fold(storable(value), case_exact=binding.case_exact)
    return value


def storable(value: str) -> str:
    """Raises InvalidFilterException for a text that no text of a database equals."""
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidFilterException(detail="A filter's text holds a character that no resource can hold")
    return value


def compared(where: str, op: CompareOperator, value: Any) -> str:  # noqa: PLR0911 (one for each operator)
    """A comparison; `ne` holds where no value is equal, none at all among them."""
    literal = json.dumps(value)
    match op:
        case CompareOperator.eq:
            return f"({where} == {literal})"
        case CompareOperator.ne:
            return f"!({where} == {literal})"
        case CompareOperator.sw | CompareOperator.co | CompareOperator.ew if not isinstance(value, str):
            return NEVER
        case CompareOperator.sw:
            return f"({where} starts with {literal})"
        case CompareOperator.co:
            return f"({where} like_regex {json.dumps(quoted(value))})"
        case CompareOperator.ew:
            return f"({where} like_regex {json.dumps(quoted(value) + '$')})"
    return f"({where} {ORDERS[op]} {literal})"


def quoted(value: str) -> str:
    """A text as a regular expression that matches it alone."""
    return "".join(f"\\{one}" if one in SPECIAL else one for one in value)


def keys_of(kind: str, node: FilterNode) -> dict[str, str]:
    """What an index answers of a filter: equalities that the whole of it demands."""
    model: Any = MODELS[kind]
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)
    found: dict[str, str] = {}
    for term in terms:
        for comparison in equalities(term):
            path = Path[model](str(comparison.attr_path))
            binding = path.resolve()
            if binding is not None and is_complex(binding):
                path = Path[model](f"{comparison.attr_path}.value")
                binding = path.resolve()
            name = ".".join(json_path(model, path)) if binding else ""
            if binding and name in BY_INDEX[kind] and isinstance(comparison.value, str):
                found[BY_INDEX[kind][name]] = fold(comparison.value, case_exact=binding.case_exact)
    return found


def equalities(node: FilterNode) -> list[Comparison]:
    """The equalities that a term demands; those within a value selection by their whole names."""
    if isinstance(node, Comparison):
        return [node] if node.op == CompareOperator.eq else []
    if not isinstance(node, ValuePath):
        return []
    inner = node.val_filter
    terms = inner.terms if isinstance(inner, LogicalExpr) and inner.op == LogicalOperator.and_ else (inner,)
    outer = node.attr_path
    return [
        Comparison(AttrPath(outer.attr, one.attr_path.attr, outer.uri), one.op, one.value)
        for one in terms
        if isinstance(one, Comparison) and one.op == CompareOperator.eq
    ]

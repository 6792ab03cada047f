"""The form in which resources are searched: as they are shown, and each text as comparisons take it."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from scim2_models import Path, Resource
from scim2_models.path import AttributeBinding

from usher_identity.scim.resources import MODELS


def searched(kind: str, shown: dict[str, Any]) -> dict[str, Any]:
    """A resource as it is searched: what ignores case in lower case, and without what is empty.

    So that a filter's comparisons are the database's own, and `pr` is whether something is there.
    """
    found = folded(shown, "", exact_paths(kind))
    return found if isinstance(found, dict) else {}


def folded(value: Any, path: str, exact: frozenset[str]) -> Any:
    if isinstance(value, str):
        return fold(value, case_exact=path in exact)
    if isinstance(value, list):
        return [one for item in value if (one := folded(item, path, exact)) not in (None, "", [], {})]
    if isinstance(value, dict):
        inner = ((key, folded(item, f"{path}.{key}" if path else key, exact)) for key, item in value.items())
        return {key: one for key, one in inner if one not in (None, "", [], {})}
    return value


def fold(value: str, *, case_exact: bool) -> str:
    """A text as it is compared (RFC 7644, 5: by what its characters are, not by how they are written)."""
    normal = normalize("NFC", value)
    return normal if case_exact else normalize("NFC", normal.lower())


def moment(at: datetime) -> str:
    """A time as it is compared: of times in this form, the later is the greater text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache
def exact_paths(kind: str) -> frozenset[str]:
    """The attributes of this kind of resource whose texts differ by case, as paths of its JSON."""
    model: Any = MODELS[kind]
    exact = {"id", "externalId", "schemas", "meta.resourceType", "meta.version", "meta.created", "meta.lastModified"}
    for path in Path[model].iter_paths():
        binding = path.resolve()
        if binding is not None and binding.case_exact:
            exact.add(".".join(json_path(model, path)))
    return frozenset(exact)


def json_path(model: type[Resource[Any]], path: Path[Any]) -> tuple[str, ...]:
    """Where an attribute of the model is in its JSON. The path is one that resolves."""
    binding = path.resolve(model)
    if binding is None:
        raise KeyError(str(path))
    return steps_of(binding)


def steps_of(binding: AttributeBinding) -> tuple[str, ...]:
    schema, _, name = binding.urn.rpartition(":")
    own = () if issubclass(binding.model, Resource) else (schema,)
    return (*own, *name.split("."))

"""By what a search is sorted, as paths of the searched form (RFC 7644, 3.4.2.3)."""

import json
from collections.abc import Iterable
from typing import Any

from scim2_models import Resource, SearchRequest

from usher_identity.scim.searched import steps_of


def sort_paths(models: Iterable[type[Resource[Any]]], request: SearchRequest[Any]) -> list[str]:
    """SQL/JSON paths of which the first that is there counts: of several values the primary one, else the first."""
    if request.sort_by is None:
        return []
    found: list[str] = []
    for model in models:
        binding = request.sort_binding(model)
        if binding is None:
            continue
        head, *rest = steps_of(binding)
        if binding.is_multivalued and rest:
            entries = f"$.{json.dumps(head)}[*]"
            inner = "".join(f".{json.dumps(step)}" for step in rest)
            found += [f'{entries} ? (@."primary" == true){inner}', f"{entries}{inner}"]
        else:
            found.append("$" + "".join(f".{json.dumps(step)}" for step in (head, *rest)))
    return list(dict.fromkeys(found))

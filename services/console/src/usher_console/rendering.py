"""Rendering: templates and assets from the package, with the wording's filters and nothing read at import."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from usher_console.views import wording

ASSETS = files("usher_console") / "assets"
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a page refers to; its address changes with its content, so that browsers may keep it."""

    body: bytes
    media_type: str
    digest: str


@cache
def asset(name: str) -> Asset:
    """The asset of that name. Raises KeyError for a name that there is none of."""
    kind = name.rpartition(".")[2]
    if "/" in name or kind not in TYPES or not (ASSETS / name).is_file():
        raise KeyError(name)
    body = (ASSETS / name).read_bytes()
    return Asset(body, TYPES[kind], hashlib.sha256(body).hexdigest()[:12])


def asset_address(name: str) -> str:
    return f"/assets/{name}?v={asset(name).digest}"


@cache
def environment() -> jinja2.Environment:
    """Every value is escaped, and a name that a page was not given is an error."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("usher_console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["asset"] = asset_address
    found.filters["moment"] = wording.moment
    return found


def render(template: str, **values: Any) -> str:
    return environment().get_template(template).render(**values)

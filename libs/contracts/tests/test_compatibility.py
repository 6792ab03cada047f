"""The check of contracts: additions pass; what would break a reader does not."""

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, create_model

from usher_contracts.compatibility import CONTRACTS, breaks, check, describe, release
from usher_contracts.envelope import StateFact
from usher_contracts.identity import HeldRole


class Base(StateFact):
    type: ClassVar[str] = "usher.identity.thing.changed.v1"


class Dated(HeldRole):
    until: str


FIELDS: dict[str, Any] = {
    "name": (str, ...),
    "kind": (Literal["school", "district"], ...),
    "seats": (Annotated[int, Field(ge=0)], 0),
    "roles": (tuple[HeldRole, ...], ()),
}
RELEASED = describe(create_model("Thing", __base__=Base, **FIELDS))


def changed(**fields: Any) -> dict[str, Any]:
    kept = {name: field for name, field in {**FIELDS, **fields}.items() if field is not None}
    return describe(create_model("Thing", __base__=Base, **kept))


@pytest.mark.parametrize(
    ("story", "current", "told"),
    [
        ("a removed field", changed(name=None), "/name is removed"),
        ("a new required field", changed(color=(str, ...)), "/color is newly required"),
        (
            "an optional field that becomes required",
            changed(seats=(Annotated[int, Field(ge=0)], ...)),
            "newly required",
        ),
        ("a narrowed set of values", changed(kind=(Literal["school"], ...)), "/kind takes other values"),
        ("a value that old readers do not know", changed(kind=(Literal["school", "district", "x"], ...)), "/kind"),
        ("a narrowed number", changed(seats=(Annotated[int, Field(ge=1)], 1)), "/seats takes other values"),
        ("another type", changed(name=(int, ...)), "/name takes other values"),
        ("another type, deep inside", changed(roles=(tuple[str, ...], ())), "/roles/*"),
        (
            "a new required field, deep inside",
            changed(roles=(tuple[Dated, ...], ())),
            "/roles/*/until is newly required",
        ),
        ("a changed routing key", {**RELEASED, "routing_key": "identity.thing.moved.v1"}, "routing key changed"),
    ],
)
def test_a_breaking_change_is_told(story: str, current: dict[str, Any], told: str) -> None:
    assert any(told in why for why in breaks(RELEASED, current)), story


@pytest.mark.parametrize(
    ("story", "current"),
    [
        ("nothing", changed()),
        ("a new optional field", changed(color=(str | None, None))),
        ("a field that need no longer be there", changed(name=(str, ""))),
    ],
)
def test_an_addition_passes(story: str, current: dict[str, Any]) -> None:
    assert list(breaks(RELEASED, current)) == [], story


def test_every_fact_is_released_and_unbroken() -> None:
    assert check(Path(__file__).parents[1] / "released") == []


def test_a_release_never_overwrites_what_it_would_break(tmp_path: Path) -> None:
    assert release(tmp_path) == list(CONTRACTS)
    assert release(tmp_path) == []
    path = tmp_path / "usher.identity.user.changed.v1.json"
    then = json.loads(path.read_text())
    then["schema"]["properties"]["shoe_size"] = {"type": "integer"}
    path.write_text(json.dumps(then))
    with pytest.raises(ValueError, match="/shoe_size is removed"):
        release(tmp_path)

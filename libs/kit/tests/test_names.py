"""The registry of telemetry names: each is used somewhere, and nobody makes one elsewhere."""

import ast
import re
from pathlib import Path

import pytest
from opentelemetry.semconv._incubating.attributes import messaging_attributes

from usher_kit.telemetry import names

ROOT = Path(__file__).parents[3]
SOURCES = [path for folder in ("libs", "services") for path in (ROOT / folder).glob("*/src/**/*.py")]
REGISTRY = Path(names.__file__)
TEXT = {path: path.read_text() for path in SOURCES if path != REGISTRY}


@pytest.mark.parametrize("name", [name for name in vars(names) if name.isupper()])
def test_a_registered_name_is_used(name: str) -> None:
    assert any(re.search(rf"\b{name}\b", text) for text in TEXT.values())


@pytest.mark.parametrize("made", [r"\bCounter\(\s*\"", r"\bGauge\(\s*\"", r"\bHistogram\(\s*\""])
def test_metrics_are_made_in_the_registry_alone(made: str) -> None:
    assert [path for path, text in TEXT.items() if re.search(made, text)] == []


@pytest.mark.parametrize(
    "literal", [r"[\"']messaging\.", r"[\"']usher\.fact\.", r"[\"']usher_\w+_(total|seconds|rows|facts)[\"']"]
)
def test_nobody_writes_a_name_out(literal: str) -> None:
    assert [path for path, text in TEXT.items() if re.search(literal, text)] == []


def test_every_span_has_its_name_from_the_registry() -> None:
    started = [
        (str(path.relative_to(ROOT)), ast.unparse(call.args[0]))
        for path, text in TEXT.items()
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and call.args and is_span(call.func)
    ]
    assert len(started) > 3
    # The one way through which the others go is given its name.
    assert [place for place in started if "names." not in place[1]] == [
        ("libs/kit/src/usher_kit/telemetry/tracing.py", "name")
    ]


def is_span(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ("span", "start_span", "start_as_current_span")


def test_what_is_told_of_messages_has_opentelemetrys_names() -> None:
    conventions = {value for name, value in vars(messaging_attributes).items() if name.startswith("MESSAGING_")}
    ours = {value for name, value in vars(names).items() if name.startswith("MESSAGING_")}
    assert ours <= conventions

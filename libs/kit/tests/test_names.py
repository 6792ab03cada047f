"""The registry of telemetry names: each is used somewhere, and nobody makes one elsewhere."""

import re
from pathlib import Path

import pytest

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

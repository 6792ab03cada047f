"""Golden samples: what each released version looked like is read by today's code."""

import json
from pathlib import Path
from typing import Any

import pytest

from usher_contracts.catalogue import FACTS
from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_contracts.upstream import COMMANDS
from usher_kit.wire import Message, decode

SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.json"))


def test_every_type_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES} == FACTS.keys() | COMMANDS.keys()


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem in FACTS], ids=lambda path: path.stem)
def test_a_released_fact_is_still_read_whole(path: Path) -> None:
    sample = json.loads(path.read_text())
    key = path.stem.removeprefix("usher.")
    [event], refused = decode(Message(key, BATCH_CONTENT_TYPE, {}, json.dumps([sample]).encode()))
    assert refused == []
    assert event.type == path.stem
    assert says(event.data.model_dump(mode="json"), sample["data"])


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem in COMMANDS], ids=lambda path: path.stem)
def test_a_released_command_is_still_read_whole(path: Path) -> None:
    sample = json.loads(path.read_text())["data"]
    assert says(COMMANDS[path.stem].model_validate(sample).model_dump(mode="json"), sample)


def says(read: Any, sample: Any) -> bool:
    """Whether what was read says all that the sample does; fields that came later may be there too."""
    if isinstance(sample, dict):
        return isinstance(read, dict) and all(name in read and says(read[name], sample[name]) for name in sample)
    if isinstance(sample, list):
        return len(read) == len(sample) and all(map(says, read, sample))
    return bool(read == sample)

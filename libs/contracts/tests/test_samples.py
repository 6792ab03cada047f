"""Golden samples: what each released version looked like is read by today's code."""

import json
from pathlib import Path

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
    assert sample["data"].items() <= event.data.model_dump(mode="json").items()


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem in COMMANDS], ids=lambda path: path.stem)
def test_a_released_command_is_still_read_whole(path: Path) -> None:
    sample = json.loads(path.read_text())["data"]
    assert sample.items() <= COMMANDS[path.stem].model_validate(sample).model_dump(mode="json").items()

"""The machine: operations in any order on the running services, which must agree once all is quiet.

`make test` takes a few short stories. `USHER_MACHINE_STORIES=50 USHER_MACHINE_STEPS=80` before pytest takes other and
longer ones each time.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.chaos.echoes import Echoes
from typer.testing import CliRunner

from usher_cli.main import app

from .agreement import differences, disagreements
from .operations import OPERATIONS
from .stage import Stage
from .world import World

STORIES = os.environ.get("USHER_MACHINE_STORIES")
STEPS = int(os.environ.get("USHER_MACHINE_STEPS", "25"))
SETTINGS = settings(
    max_examples=int(STORIES or 3),
    stateful_step_count=STEPS,
    derandomize=STORIES is None,
    database=None,
    deadline=None,
    # A story takes seconds: to look for a shorter one that fails too would take an hour.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Story(RuleBasedStateMachine):
    """A district's life on the stage, by the table of operations.

    One rule draws from the whole table: of many rules Hypothesis would leave most out of any one story.
    """

    stage: ClassVar[Stage]
    trouble: ClassVar[list[Exception]]

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        assume(seed)  # Hypothesis begins with the simplest story of all: the first act, over and over
        assert not self.trouble, "what went wrong would not go wrong in the same way again"
        with self.watched():
            self.world = World.begin(self.stage, seed)

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        assert self.world is not None
        possible = [one for one in OPERATIONS for _ in range(one.often) if one.when(self.world)]
        operation = data.draw(st.sampled_from(possible))
        self.world.story.append(f"{self.world.now:%Y-%m-%d} {operation}")
        with self.watched():
            operation.act(self.world, data.draw)

    def teardown(self) -> None:
        if self.world is None:
            return
        with self.watched():
            self.world.restore()
            if not self.trouble:
                see_that_all_agree(self.world)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep what goes wrong, and tell the story up to then."""
        try:
            yield
        except Exception as error:
            self.trouble.append(error)
            sys.stdout.write("\n".join(["", *(self.world.story if self.world else []), ""]))
            raise


def see_that_all_agree(world: World) -> None:
    """Once nothing is under way, the system is as it was told to be, in every service, and the doctor finds nothing."""
    stage = world.stage
    stage.await_quiet()
    world.lift_reclaims()
    stage.await_quiet()
    wrong = [*disagreements(world.books, stage.session, world.now), *asyncio.run(compare(world))]
    assert not wrong, wrong
    examined = CliRunner().invoke(app, ["doctor", "--json"], obj=stage.around)
    assert examined.exit_code == 0, [one for one in json.loads(examined.stdout)["items"] if not one["ok"]]
    assert not stage.tally.failures
    assert not stage.fleet.unexpected


async def compare(world: World) -> list[str]:
    ask = await world.stage.connect()
    try:
        return await differences(world.books, ask)
    finally:
        for connection in ask.values():
            await connection.close()


@pytest.mark.timeout(900)
def test_whatever_happens_the_services_come_to_agree(stage: Stage) -> None:
    Echoes(stage.broker, Random(0)).lay_tap()
    trouble: list[Exception] = []
    try:
        run_state_machine_as_test(type("Told", (Story,), {"stage": stage, "trouble": trouble}), settings=SETTINGS)
    except Exception as error:  # noqa: BLE001 (raised again below)
        # Hypothesis tells the story again, and says that it went otherwise: what counts is how it went at first.
        raise next(iter(trouble), error) from None

"""Steps that are shown as they are done, each with the time that it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass(slots=True)
class Step:
    """A step under way; `outcome` is what it came to, in a few words."""

    outcome: str = ""


@dataclass(slots=True)
class Steps:
    """Says what is done, and how long it took."""

    console: Console
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """One step: named while it runs, told with its outcome and seconds when it is done."""
        step = Step()
        began = time.monotonic()
        with self.console.status(f"{title}…"):
            yield step
        self.line(f"{title}: {step.outcome}" if step.outcome else title, time.monotonic() - began)

    def line(self, text: str, seconds: float) -> None:
        self.console.print(f"  {seconds:6.1f} s  {text}", markup=False)

    def detail(self, text: str) -> None:
        """Something that a step under way has done."""
        self.console.print(f"            {text}", style="dim", markup=False)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False)

    @property
    def seconds(self) -> float:
        """Since the first step."""
        return time.monotonic() - self.began

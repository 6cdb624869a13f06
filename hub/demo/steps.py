"""The table that `demo --check` prints: each step, what it showed, how long it took."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hub.errors import HubError, explain


class StepFailed(HubError):
    """What a step had to show was not so."""


@dataclass
class Step:
    """One step: `figures` is what it showed, or why it failed; `facts` the same for programs."""

    name: str
    held: bool = False
    seconds: float = 0.0
    figures: str = ""
    facts: dict[str, object] = field(default_factory=dict)

    def show(self, figures: str, **facts: object) -> None:
        """Add a figure to the step's line."""
        self.figures = f"{self.figures}; {figures}" if self.figures else figures
        self.facts |= facts

    def demand(self, held: bool, otherwise: str) -> None:
        """Raise `StepFailed` unless `held`."""
        if not held:
            raise StepFailed(otherwise)


class Steps:
    """Runs steps one after the other; after a failed one the rest are not played."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.steps: list[Step] = []
        self._say = say

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step and record whether it held; a failure ends the play with `StepFailed`."""
        step = Step(name)
        self.steps.append(step)
        self._say(f"{len(self.steps):2d}. {name} ...")
        start = time.monotonic()
        try:
            yield step
            step.held = True
        # A step may fail in any way; the table must say which did, and `explain` keeps data out of it.
        except Exception as error:
            step.figures = explain(error).sentence
            raise StepFailed(f"Step {len(self.steps)} did not hold: {name}.") from error
        finally:
            step.seconds = round(time.monotonic() - start, 1)

    @property
    def held(self) -> bool:
        """Whether every step that was begun held, and there was one."""
        return bool(self.steps) and all(step.held for step in self.steps)

    def print(self) -> None:
        """Print the table."""
        console = Console()
        if not console.is_terminal:
            console.width = 160
        drawn = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("", "step", "what it showed", "seconds"):
            drawn.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")
        for step in self.steps:
            drawn.add_row("held" if step.held else "FAILED", step.name, step.figures, f"{step.seconds:.1f}")
        drawn.add_row("", "", "together", f"{sum(step.seconds for step in self.steps):.1f}")
        console.print(drawn)

    def write(self, path: Path) -> None:
        """The same as JSON."""
        rows = [asdict(step) for step in self.steps]
        path.write_text(json.dumps({"held": self.held, "steps": rows}, indent=2, default=str), encoding="utf-8")

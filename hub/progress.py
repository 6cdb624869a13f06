"""A progress bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: Called with what is being done, how much of it is done, and out of how much (None: not known).
Tick = Callable[[str, int, int | None], None]


@contextmanager
def progress() -> Iterator[Tick]:
    """A `Tick` that draws on a terminal, else prints one line for each new step to stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tick(what: str, done: int, total: int | None) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield tick


def _plain() -> Tick:
    last = ""

    def tick(what: str, done: int, total: int | None) -> None:
        nonlocal last
        if what != last:
            last = what
            count = f" {done}/{total}" if total else ""
            sys.stderr.write(f"{datetime.now().astimezone():%H:%M:%S} {what}{count}\n")
            sys.stderr.flush()

    return tick

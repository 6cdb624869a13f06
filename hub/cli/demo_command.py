"""`hub demo`: the whole chain on synthetic data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("demo")(demo)


def demo(
    check: Annotated[bool, typer.Option("--check", help="Play every part, print what held, and leave.")] = False,
    people: Annotated[int, typer.Option(min=100, help="How many people the sample has.")] = 2000,
    keep: Annotated[Path | None, typer.Option(help="With --check: use this new folder and leave it there.")] = None,
    report: Annotated[Path | None, typer.Option(help="With --check: also write the steps as JSON here.")] = None,
) -> None:
    """Make a sample, take it through, and open the hub with accounts to try, until Ctrl-C.

    With --check: the same in a fresh temporary folder, played by itself through the real doors; one table of
    the steps, and exit code 0 only if every step held.
    """
    if check:
        from hub.demo.check import check_demo

        raise typer.Exit(check_demo(people=people, keep=keep, report=report))
    from hub.demo.stay import stay

    raise typer.Exit(stay(people=people))

"""Tables on a terminal: aligned, readable when piped."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, numbers: Sequence[int] = ()
) -> None:
    """Print rows under headings, or the sentence `empty` when there are none; `numbers` are right-aligned columns."""
    console = Console()
    if not rows:
        console.print(empty, markup=False)
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    if not console.is_terminal:
        console.width = 200
    console.print(drawn)

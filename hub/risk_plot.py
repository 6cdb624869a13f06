"""The sizes of classes, in bands and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

_BOUNDS = (1, 2, 3, 5, 10, 20, 50, 100, 1_000, 10_000)


def bands(sizes: Sequence[tuple[int, int, int]]) -> list[tuple[str, int, int]]:
    """(band, classes, units) from (size, classes, units), without bands that lie beyond the largest class."""
    largest = max(size for size, _, _ in sizes)
    drawn = []
    for low, high in pairwise((*_BOUNDS, largest + 1)):
        if low > largest:
            break
        last = min(high - 1, largest) if low == _BOUNDS[-1] else high - 1
        inside = [(many, held) for size, many, held in sizes if low <= size <= last]
        label = f"{low:,}" if low == last else f"{low:,} to {last:,}"
        drawn.append((label, sum(many for many, _ in inside), sum(held for _, held in inside)))
    return drawn


def draw(sizes: Sequence[tuple[int, int, int]], path: Path, *, title: str, units: str) -> None:
    """Write a bar for each band, its height the share of units; the format is the file's ending."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    found = bands(sizes)
    total = sum(held for _, _, held in found)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.bar([label for label, _, _ in found], [held / total for _, _, held in found], color="#1f4e79")
    axes.bar_label(bars, [f"{held:,}" for _, _, held in found], fontsize=8)
    axes.set(title=title, xlabel="Size of the class", ylabel=f"Share of {units}")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(axis="x", rotation=30)
    figure.savefig(path)

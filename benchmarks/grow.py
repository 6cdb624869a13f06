"""A file of as many rows as wanted, made of the rows of a sample, each under a key of its own."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

COLUMN = "FLX_EMT_NUM"
"""A number of the key that is raised with each copy of the sample."""
STEP = 1_000


def grow(file: Path, rows: int, into: Path, *, first: int = 0) -> Path:
    """Write the header of `file` and `rows` rows to `into`: its rows again and again, from copy `first` on.

    Faults of the sample come as often as its rows do; copies within it stay copies.
    """
    header, *lines = file.read_text("utf-8").splitlines(keepends=True)
    names = header.rstrip("\n").split(",")
    place, number = names.index(COLUMN), len(names)
    split = [line.split(",") for line in lines]
    with into.open("w", encoding="utf-8") as out:
        out.write(header)
        for count, cells in enumerate(islice(cycle(split), rows)):
            copy = first + count // len(split)
            if copy and len(cells) == number and cells[place].isdigit():
                out.write(",".join([*cells[:place], str(int(cells[place]) + STEP * copy), *cells[place + 1 :]]))
            else:
                out.write(",".join(cells))
    return into

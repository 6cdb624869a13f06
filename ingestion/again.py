"""Lines fetched again by their place, in plain Python: a few of a large file cost one reading and no parsing."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from ingestion.lines import CONTROL, WHITE
from ingestion.places import block_of, place
from ingestion.taken import TakenFile, TakenTable

_CHUNK = 1 << 22


class Wanted(Protocol):
    """Which rows are fetched."""

    def among(self, file: int, row: int, start: int, rows: int) -> Iterable[int]:
        """Of `rows` rows that follow one another: which are wanted, counted from 0, in order.

        `file` is their file's number among those of the table, from 1, `row` the number of the first in its file,
        from 0, and `start` its place.
        """


@dataclass(frozen=True)
class Fetched:
    """Lines as a table of their own, under the intake; `original` maps a row's place in it to its place in the batch.

    `stood` has for each file of it which file of the batch its lines come from, counted from 1, and their numbers
    there. `table` is None when nothing was wanted.
    """

    table: TakenTable | None
    original: dict[int, int]
    stood: tuple[tuple[int, tuple[int, ...]], ...] = ()


def fetch(taken: TakenTable, wanted: Wanted, name: str) -> Fetched:
    """Copy the lines of the `wanted` rows beside their files, in a folder `name`, under their files' headers."""
    files, original, stood = [], dict[int, int](), []
    blank = CONTROL if taken.contract.format == "csv" else WHITE
    for count, file in enumerate(taken.files, start=1):
        target = file.path.parent / name / file.path.name.removesuffix(".gz")
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with target.open("wb") as out:
            found = _copy(file, count, blank, wanted, out, original)
        if found:
            size = target.stat().st_size
            files.append(replace(file, path=target, rows=len(found), blanks=0, size=size))
            stood.append((count, tuple(found)))
        else:
            target.unlink(missing_ok=True)
    return Fetched(TakenTable(taken.contract, tuple(files)) if files else None, original, tuple(stood))


def _copy(
    file: TakenFile, count: int, blank: bytes, wanted: Wanted, out: IO[bytes], original: dict[int, int]
) -> list[int]:
    """Returns the numbers of the lines that were copied."""
    number = int(file.path.name.split(".")[0].removeprefix("part-"))
    found = list[int]()
    row = to_block = to_row = 0
    for run in _runs(file, blank):
        if run.block is None:
            out.writelines(run.lines)
            continue
        start = place(number, run.block, run.row)
        for index in wanted.among(count, row, start, len(run.lines)):
            begins = out.tell()
            if block_of(begins) != to_block:
                to_block, to_row = block_of(begins), 0
            original[place(number, to_block, to_row)] = start + index
            to_row += 1
            found.append(run.number + index)
            line = run.lines[index]
            out.write(line if line.endswith((b"\n", b"\r")) else line + b"\n")
        row += len(run.lines)
    return found


@dataclass
class _Run:
    """Lines that follow one another in one block, from line `number` and from row `row` of the block.

    A header has no block.
    """

    lines: list[bytes]
    number: int
    block: int | None
    row: int = 0


def _runs(file: TakenFile, blank: bytes) -> Iterator[_Run]:
    """Every row of the file, and its header before them; blank lines are left out."""
    packed = file.path.name.endswith(".gz")
    headers, number, block, row = file.headers, 1, 0, 0
    for offset, lines in _chunks(file.path, packed):
        begins = offset + sum(map(len, lines)) - len(lines[-1])
        if not headers and not file.blanks and (packed or block == block_of(offset) == block_of(begins)):
            yield _Run(lines, number, block, row)
            number, row = number + len(lines), row + len(lines)
            continue
        run: _Run | None = None
        for line in lines:
            here = 0 if packed else block_of(offset)
            offset += len(line)
            if not line.strip(blank) or headers or here != block or run is None:
                if run is not None:
                    yield run
                    run = None
                if here != block:
                    block, row = here, 0
                if line.strip(blank):
                    if headers:
                        headers -= 1
                        yield _Run([line], number, None)
                    else:
                        run = _Run([line], number, block, row)
                        row += 1
            else:
                run.lines.append(line)
                row += 1
            number += 1
        if run is not None:
            yield run


def _chunks(path: Path, packed: bool) -> Iterator[tuple[int, list[bytes]]]:
    """Every line with its end, some megabytes at a time, and the byte at which the first of them begins."""
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        offset, rest = 0, b""
        while chunk := file.read(_CHUNK):
            content = rest + chunk
            # A carriage return at the very end may be half of a line break.
            end = max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1)) + 1
            if end:
                yield offset, content[:end].splitlines(keepends=True)
            offset, rest = offset + end, content[end:]
        if rest:
            yield offset, rest.splitlines(keepends=True)

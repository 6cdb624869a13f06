"""Lines fetched again by their place, in plain Python: a few of a large file cost one reading and no parsing."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingestion.lines import CONTROL, WHITE
from ingestion.places import block_of, place
from ingestion.taken import TakenFile, TakenTable

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Fetched:
    """Lines as a table of their own, under the intake; `original` maps a row's place in it to its place in the batch.

    `stood` has for each file of it which file of the batch its lines come from, counted from 1, and their numbers
    there. `table` is None when nothing was wanted.
    """

    table: TakenTable | None
    original: dict[int, int]
    stood: tuple[tuple[int, tuple[int, ...]], ...] = ()


def fetch(taken: TakenTable, wanted: Callable[[int], bool], name: str) -> Fetched:
    """Copy the lines whose place is `wanted` beside their files, in a folder `name`, under their files' headers."""
    files, original, stood = [], dict[int, int](), []
    blank = CONTROL if taken.contract.format == "csv" else WHITE
    for count, file in enumerate(taken.files, start=1):
        number = int(file.path.name.split(".")[0].removeprefix("part-"))
        target = file.path.parent / name / file.path.name.removesuffix(".gz")
        target.parent.mkdir(mode=0o700, exist_ok=True)
        found = _copy(file, number, blank, wanted, target, original)
        if found:
            size = target.stat().st_size
            files.append(replace(file, path=target, rows=len(found), blanks=0, size=size))
            stood.append((count, tuple(found)))
        else:
            target.unlink(missing_ok=True)
    return Fetched(TakenTable(taken.contract, tuple(files)) if files else None, original, tuple(stood))


def _copy(
    file: TakenFile,
    number: int,
    blank: bytes,
    wanted: Callable[[int], bool],
    target: Path,
    original: dict[int, int],
) -> list[int]:
    """Returns the numbers of the lines that were copied."""
    found = list[int]()
    row, block, headers, to_block, to_row = 0, 0, file.headers, 0, 0
    packed = file.path.name.endswith(".gz")
    with target.open("wb") as out:
        for line_number, (offset, line) in enumerate(_lines(file.path, packed), start=1):
            if not line.strip(blank):
                continue
            if headers:
                out.write(line)
                headers -= 1
                continue
            now = 0 if packed else block_of(offset)
            if now != block:
                block, row = now, 0
            here = place(number, block, row)
            row += 1
            if not wanted(here):
                continue
            begins = out.tell()
            if block_of(begins) != to_block:
                to_block, to_row = block_of(begins), 0
            original[place(number, to_block, to_row)] = here
            to_row += 1
            found.append(line_number)
            out.write(line if line.endswith((b"\n", b"\r")) else line + b"\n")
    return found


def _lines(path: Path, packed: bool) -> Iterator[tuple[int, bytes]]:
    """Every line with its end, and the byte at which it begins."""
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        offset, rest = 0, b""
        while chunk := file.read(_CHUNK):
            content = rest + chunk
            # A carriage return at the very end may be half of a line break.
            end = max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1)) + 1
            for line in content[:end].splitlines(keepends=True):
                yield offset, line
                offset += len(line)
            rest = content[end:]
        if rest:
            for line in rest.splitlines(keepends=True):
                yield offset, line
                offset += len(line)

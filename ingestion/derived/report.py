"""What became of a derived table in one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PartReport:
    """What became of the rows of one part in this run.

    `left_out` counts rows by the filter that took them; `absent` counts carried rows that are not there, `split`
    those of which there are several that differ.
    """

    part: str
    batches: int
    rows_read: int
    written: int
    left_out: Mapping[str, int]
    absent: int
    split: int

    @property
    def holds(self) -> bool:
        """Law 3's equation for derived rows."""
        return self.rows_read == self.written + sum(self.left_out.values())


@dataclass(frozen=True)
class DerivedReport:
    """What became of a derived table.

    `state`: `published`, `unchanged`, `planned` (a dry run, whose parts have no counts but the rows to read), or
    `waiting` when no input is published. `kept` and `removed` count batches of the table; `rows` is all it holds.
    """

    table: str
    state: str
    parts: tuple[PartReport, ...] = ()
    kept: int = 0
    removed: int = 0
    rows: int = 0
    version: int | None = None
    seconds: float = 0.0

    def __getitem__(self, part: str) -> PartReport:
        return next(one for one in self.parts if one.part == part)

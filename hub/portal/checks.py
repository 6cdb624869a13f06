"""What the checks pages show: the kept results of the last batches, in counts and shares only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.portal.views import Labels


@dataclass(frozen=True)
class Claimed:
    """How many numbers of a source's last drop two persons claim; they wait for somebody to settle them."""

    source: str
    numbers: int


@dataclass(frozen=True)
class CheckLine:
    """One check of a batch: `says` is in the contract's words, `outcome` passed, warned or failed."""

    says: str
    drift: bool
    outcome: str
    found: str


@dataclass(frozen=True)
class CheckedBatch:
    """One batch. Counts are rounded to ten and None where so small that they are hidden; `at` is UTC ending in `Z`.

    `figures` holds, by (name, column), a number, or None where it is hidden.
    """

    batch: str
    at: str
    published: bool
    read: int | None
    accepted: int | None
    quarantined: int | None
    duplicates: int | None
    checks: Sequence[CheckLine] = ()
    figures: dict[tuple[str, str], float | None] = field(default_factory=dict)

    def number(self, outcome: str) -> int:
        """How many checks ended so."""
        return sum(1 for one in self.checks if one.outcome == outcome)

    @property
    def outcome(self) -> str:
        """The worst outcome among its checks; empty when nothing was checked."""
        return next((one for one in ("failed", "warned", "passed") if self.number(one)), "")


@dataclass(frozen=True)
class CheckedTable:
    """A table with its last batches, newest first."""

    name: str
    source: str
    labels: Labels
    batches: Sequence[CheckedBatch]

    @property
    def columns(self) -> list[str]:
        """The columns that any of the batches has a figure of, in order of name."""
        return sorted({column for one in self.batches for _, column in one.figures if column})

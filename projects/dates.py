"""How exactly an extract tells when something happened: as it is, to the month, to the year, or shifted.

`shifted` moves every date of a person by the same number of days, a multiple of seven between 1 and 26 weeks earlier or
later, drawn from the project's own key: intervals and days of the week are kept, in every table of the extract, and two
projects move the same person differently (Hripcsak et al., J Am Med Inform Assoc 2016; 23:1040-5, shift and truncate).

A value that is no date of that person's life must not be moved, because it would tell by how much the others were:
dates of the machine that many share are refused (`calendar: shared`), those that stand for "none" (1600-01-01,
2999-12-31) are left as they are, and a date of which only the month or the year is known is left out.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol

EXACT, MONTH, YEAR, SHIFTED = "exact", "month", "year", "shifted"
EVERY = (EXACT, MONTH, YEAR, SHIFTED)
PURPOSE = "dates"
"""The purpose of the key under `project/<id>/` that a shift is drawn from."""

WEEKS = 26
FIRST, LAST = date(1900, 1, 2), date(2099, 12, 31)
"""Dates outside are no dates of a life, and are never shifted."""
_NO_DATES = {
    EXACT: frozenset[str](),
    MONTH: frozenset[str](),
    YEAR: frozenset({"month"}),
    SHIFTED: frozenset({"month", "year", "shared"}),
}


class Dated(Protocol):
    """What must be known of a column; `ingestion.contract.Column` has it."""

    @property
    def type(self) -> str:
        """A Spark type, or a contract's own word for one."""

    @property
    def sensitivity(self) -> str:
        """`free_text` among others."""

    @property
    def calendar(self) -> str | None:
        """`year`, `month`, `shared` or `partial`."""


def fits(column: Dated, dates: str) -> bool:
    """Whether a permit whose dates are `dates` may name the column.

    In free text dates are hidden, or moved where dates are shifted; one that was missed would stand beside a coarse
    one, which is the finer of the two, so free text goes with no month and no year.
    """
    if dates not in EVERY:
        return False
    if column.sensitivity == "free_text":
        return dates in (EXACT, SHIFTED)
    return column.calendar not in _NO_DATES[dates]


def is_date(column: Dated) -> bool:
    """Whether the column's values are dates or moments."""
    return column.type in ("date", "timestamp")

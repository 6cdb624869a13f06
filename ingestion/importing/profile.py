"""What a column of a sample looks like, told so that nobody in it can be recognized.

Nothing is told of a value that fewer than ten rows have. Codes are told only where every value is a short code and
occurs ten times or more. Of dates and numbers the bounds are told as years and rounded outwards, from the tenth
smallest and the tenth greatest value: no bound is one row's.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

FEW = 10
"""Values that fewer rows have are never told (counts of ten or fewer can be told apart)."""
_MANY = 100_000
_CODES = 30
_CODE = re.compile(r"^(\d{1,3}|[A-Za-z]{1,2})$")
_INTEGER = re.compile(r"^-?(0|[1-9]\d{0,17})$")
_DECIMAL = re.compile(r"^-?(0|[1-9]\d{0,17})\.(\d{1,9})$")
_DATES = {"%Y-%m-%d": None, "%d/%m/%Y": "dd/MM/yyyy", "%d%b%Y": "sas_date"}
_TIMES = {"%Y-%m-%d %H:%M:%S": None, "%Y-%m-%dT%H:%M:%S": None, "%d%b%Y:%H:%M:%S": "sas_datetime"}
_INT_MAX = 2_147_483_647


@dataclass
class Profile:
    """One column, value by value: `add` each, then ask."""

    rows: int = 0
    blanks: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    overflowed: bool = False
    _kinds: set[str] = field(default_factory=lambda: {"integer", "decimal", "boolean", *_DATES, *_TIMES})
    _whole: int = 0
    _scale: int = 0
    _day_first: bool = False
    _low: list[float] = field(default_factory=list)
    _high: list[float] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Take one value in."""
        self.rows += 1
        value = text.strip()
        if not value:
            self.blanks += 1
            return
        if value in self.counts or len(self.counts) < _MANY:
            self.counts[value] += 1
        else:
            self.overflowed = True
        self._kinds = {kind for kind in self._kinds if self._fits(kind, value)}
        number = self._number(value)
        if number is not None:
            _push(self._low, -number)
            _push(self._high, number)

    @property
    def type(self) -> tuple[str, str | None]:
        """Type and format; what is not plain stays text, which loses nothing."""
        if not self.counts:
            return "string", None
        for pattern, word in _DATES.items():
            # 01/02/2023 is the first of February or the second of January: one day above 12 tells.
            if pattern in self._kinds and (pattern != "%d/%m/%Y" or self._day_first):
                return "date", word
        for pattern, word in _TIMES.items():
            if pattern in self._kinds:
                return "timestamp", word
        if "boolean" in self._kinds:
            return "boolean", None
        if "integer" in self._kinds:
            return ("int" if self._small else "long"), None
        if "decimal" in self._kinds and self._whole + self._scale <= 38:
            return f"decimal({self._whole + self._scale},{self._scale})", None
        return "string", None

    @property
    def distinct(self) -> str:
        """How many values there are, in words."""
        if self.overflowed:
            return f"more than {_MANY:,} values"
        known = len(self.counts)
        if known and known == self.rows - self.blanks:
            return "every value once"
        return f"{known:,} values" if known > 1 else "one value" if known else "no value"

    @property
    def codes(self) -> tuple[str, ...]:
        """Every value, where all of them are short codes that ten rows or more have."""
        if self.overflowed or not 1 < len(self.counts) <= _CODES:
            return ()
        good = all(_CODE.match(value) and count >= FEW for value, count in self.counts.items())
        return tuple(sorted(self.counts)) if good else ()

    @property
    def bounds(self) -> tuple[str, str] | None:
        """Between which years, or which round numbers, the column lies; None where that could be told of a person."""
        kind, _ = self.type
        if self.overflowed or len(self._low) < FEW or kind in ("string", "boolean"):
            return None
        low, high = -min(self._low), min(self._high)
        if kind in ("date", "timestamp"):
            return str(int(low)), str(int(high))
        first, last = _outwards(low, down=True), _outwards(high, down=False)
        rare = {self._number(value) for value, count in self.counts.items() if count < FEW}
        return None if {first, last} & rare else (f"{first:,.0f}", f"{last:,.0f}")

    @property
    def _small(self) -> bool:
        return all(abs(int(value)) <= _INT_MAX for value in self.counts) and not self.overflowed

    def _fits(self, kind: str, value: str) -> bool:
        if kind == "integer":
            return bool(_INTEGER.match(value))
        if kind == "decimal":
            match = _DECIMAL.match(value) or _INTEGER.match(value)
            if match:
                self._whole = max(self._whole, len(match[1]))
                self._scale = max(self._scale, len(match[2]) if match.lastindex == 2 else 0)
            return bool(match)
        if kind == "boolean":
            return value.lower() in ("true", "false")
        return _moment(value, kind) is not None

    def _number(self, value: str) -> float | None:
        """What is compared: a number, or the year of a date."""
        for pattern in (*_DATES, *_TIMES):
            if pattern in self._kinds and (moment := _moment(value, pattern)) is not None:
                self._day_first = self._day_first or (pattern == "%d/%m/%Y" and moment.day > 12)
                return float(moment.year)
        if self._kinds & {"integer", "decimal"} and (_INTEGER.match(value) or _DECIMAL.match(value)):
            return float(value)
        return None


def _push(heap: list[float], value: float) -> None:
    """Keep the ten greatest; the smallest of them is first."""
    if len(heap) < FEW:
        heapq.heappush(heap, value)
    elif value > heap[0]:
        heapq.heapreplace(heap, value)


def _moment(value: str, pattern: str) -> date | None:
    # `strptime` also takes 1/2/2023 and 2023-1-2, which Spark does not.
    if len(value) != len(datetime(2023, 12, 31, 10, 10, 10).strftime(pattern)):
        return None
    try:
        return datetime.strptime(value, pattern).date()
    except ValueError:
        return None


def _outwards(value: float, *, down: bool) -> float:
    """`value` to one digit, away from the others: 17 is 10 downwards and 20 upwards."""
    if value == 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(abs(value)))
    return (math.floor(value / unit) if down else math.ceil(value / unit)) * unit

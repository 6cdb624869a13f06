"""Expressions in RE2: time linear in the note whatever it holds, over the one-byte characters of `Plain`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import re2  # type: ignore[import-untyped]

from pseudonymization.text.found import Found

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 << 20
_ANYWHERE = re2._Anchor.UNANCHORED


_Match = Callable[[Any, bytes, int, int], list[tuple[int, int]]]


def _compiled(pattern: bytes) -> tuple[_Match, int]:
    """What matches an RE2 expression over the bytes of a `Plain`, and its groups.

    The package's own methods make an object of each match, which takes as long as a pass over a short note.
    """
    made = re2.compile(pattern, _OPTIONS)
    return made._regexp.Match, made.groups


class Search:
    """Whether one expression is found anywhere."""

    __slots__ = ("_match",)

    def __init__(self, pattern: str) -> None:
        self._match, _ = _compiled(pattern.encode("latin-1"))

    def __call__(self, data: bytes) -> bool:
        """Whether it is in the bytes of a `Plain`."""
        return self._match(_ANYWHERE, data, 0, len(data))[0][0] >= 0


# Python's own: no back-tracking in it, and a third of the time of a call to RE2.
_FIGURES = re.compile(rb"[0-9]*")


class Scan:
    """One expression and what it means: its only group, or else the whole match, is the entity.

    RE2 looks neither behind nor ahead: with `apart`, a find that touches another figure on the side where it has one
    itself is no find. With `over`, the next find may begin inside the last one.
    """

    __slots__ = ("_apart", "_group", "_match", "_over", "entity", "pattern", "rule", "score")

    def __init__(
        self, rule: str, entity: str, pattern: str, score: float, *, apart: bool = True, over: bool = False
    ) -> None:
        self.pattern = pattern.encode("latin-1")
        self._match, self._group = _compiled(self.pattern)
        self.rule, self.entity, self.score, self._apart, self._over = rule, entity, score, apart, over

    def find(self, data: bytes) -> list[Found]:
        """Finds in the bytes of a `Plain`, in order."""
        found, at, length = [], 0, len(data)
        while at <= length:
            spans = self._match(_ANYWHERE, data, at, length)
            first, last = spans[0]
            if first < 0:
                break
            start, end = spans[self._group]
            # An empty find is left behind, as RE2's own iterator does.
            at = last if last > at else at + 1
            if self._apart and _glued(data, start - 1, start):
                # What begins further on may be whole; within these figures nothing is.
                at = max(first + 1, _end_of_figures(data, start))
            elif self._apart and _glued(data, end, end - 1):
                at = first + 1
            elif end > start:
                found.append(Found(start, end, self.entity, self.score, self.rule))
                if self._over:
                    at = max(start + 1, _end_of_figures(data, start))
        return found


class Scans:
    """Many expressions over the same bytes: one pass tells which of them find anything, and only those run."""

    __slots__ = ("_all", "_scans", "_set")

    def __init__(self, *scans: Scan) -> None:
        self._scans = scans
        self._set = re2.Set.SearchSet(_OPTIONS)
        for scan in scans:
            self._set.Add(scan.pattern)
        # Matches always. RE2 answers "nothing" when it runs out of memory too: without this one, that was its answer.
        self._all = self._set.Add(b"")
        self._set.Compile()

    def find(self, data: bytes) -> list[Found]:
        """Finds of all the expressions, each one's in order."""
        hits = self._set.Match(data) or ()
        running = (self._scans[at] for at in sorted(hits) if at != self._all) if self._all in hits else self._scans
        return [one for scan in running for one in scan.find(data)]


def _glued(data: bytes, outside: int, inside: int) -> bool:
    return 0 <= outside < len(data) and 48 <= data[outside] < 58 and 48 <= data[inside] < 58


def _end_of_figures(data: bytes, at: int) -> int:
    rest = _FIGURES.match(data, at)
    return rest.end() if rest else at

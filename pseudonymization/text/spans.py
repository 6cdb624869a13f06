"""What will be replaced in a note: one span for what overlaps or belongs together."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

_JOINTS = frozenset(" \t\u00a0-,.")
_BY_START, _BY_ENTITY, _BY_END_AND_SCORE = itemgetter(0), itemgetter(2), itemgetter(1, 3)


class Span(NamedTuple):
    """Offsets in the note as it was given, the entity, how sure (0 to 1), and the rule that found it."""

    start: int
    end: int
    entity: str
    score: float
    rule: str


def merge(text: str, found: Iterable[Span]) -> list[Span]:
    """Spans in order, never overlapping: named after the surest part; neighbours of one entity become one."""
    merged: list[Span] = []
    # What the last one is so far, in plain variables: a new tuple for each that joins it would be half the time.
    begin = until = size = -1
    entity, score, rule = "", 0.0, ""
    # By start, the longest and then the surest first, then by entity; three sorts that no function of ours slows down.
    ordered = sorted(found, key=_BY_ENTITY)
    ordered.sort(key=_BY_END_AND_SCORE, reverse=True)
    ordered.sort(key=_BY_START)
    for start, end, kind, sure, why in ordered:
        joins = start < until or (kind == entity and _JOINTS.issuperset(text[until:start]))
        if joins and (sure, end - start) <= (score, size):
            until = max(until, end)
            continue
        if not joins and until >= 0:
            merged.append(Span(begin, until, entity, score, rule))
        begin, until = (begin, max(until, end)) if joins else (start, end)
        size, entity, score, rule = end - start, kind, sure, why
    if until >= 0:
        merged.append(Span(begin, until, entity, score, rule))
    return merged

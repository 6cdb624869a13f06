"""What will be replaced in a note: one span for what overlaps or belongs together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_JOINTS = frozenset(" \t\u00a0-,.")


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
    for start, end, kind, sure, why in sorted(found, key=_order):
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


def _order(span: Span) -> tuple[int, int, float, str]:
    return span[0], -span[1], -span[3], span[2]

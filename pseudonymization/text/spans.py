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
    size = 0
    for span in sorted(found, key=lambda one: (one.start, -one.end, -one.score, one.entity)):
        if merged:
            last = merged[-1]
            alike = span.entity == last.entity and _JOINTS.issuperset(text[last.end : span.start])
            if span.start < last.end or alike:
                better = (span.score, span.end - span.start) > (last.score, size)
                best = span if better else last
                size = span.end - span.start if better else size
                merged[-1] = best._replace(start=last.start, end=max(last.end, span.end))
                continue
        merged.append(span)
        size = span.end - span.start
    return merged

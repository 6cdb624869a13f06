"""Replaces what names somebody in a note by tags: `[NOM]`, `[DATE]`, `[TEL]`..."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from presidio_analyzer import AnalyzerEngine, RecognizerResult

from pseudonymization.text.identity import Identity
from pseudonymization.text.known import KnownRecognizer
from pseudonymization.text.rules import (
    ADDRESS,
    DATE,
    EMAIL,
    HOSPITAL,
    HOSPITAL_NUMBER,
    LANGUAGE,
    NIR,
    PERSON,
    PHONE,
)

TAGS = {
    PERSON: "[NOM]",
    DATE: "[DATE]",
    PHONE: "[TEL]",
    EMAIL: "[MAIL]",
    NIR: "[NIR]",
    HOSPITAL_NUMBER: "[IPP]",
    ADDRESS: "[ADRESSE]",
    HOSPITAL: "[HOPITAL]",
}
_JOINTS = frozenset(" \t\u00a0-,.")


@dataclass(frozen=True)
class Scrubbed:
    """A note without its people, and how often each tag stands in it."""

    text: str = field(repr=False)
    counts: dict[str, int]


@dataclass(frozen=True)
class Span:
    """What will be replaced: offsets in the composed (NFC) text, and the entity."""

    start: int
    end: int
    entity: str


class Scrubber:
    """Scrubs notes with one analyzer, made by `build_analyzer`; keep it, for it is slow to make."""

    def __init__(self, analyzer: AnalyzerEngine) -> None:
        self._analyzer = analyzer

    def find(self, text: str, identity: Identity | None = None) -> list[Span]:
        """Spans to replace in `text` (taken as it is), in order, never overlapping."""
        known = [KnownRecognizer(identity)] if identity is not None else None
        found = self._analyzer.analyze(text, LANGUAGE, ad_hoc_recognizers=known)
        return _merge(text, found)

    def scrub(self, text: str, identity: Identity | None = None) -> Scrubbed:
        """Replace every span by its tag; `identity` is what the source says of the note's patient."""
        text = unicodedata.normalize("NFC", text)
        pieces, at = [], 0
        spans = self.find(text, identity)
        for span in spans:
            pieces += [text[at : span.start], TAGS[span.entity]]
            at = span.end
        return Scrubbed("".join([*pieces, text[at:]]), dict(Counter(TAGS[span.entity] for span in spans)))


def _merge(text: str, found: list[RecognizerResult]) -> list[Span]:
    """One span for what overlaps, named after its surest part; neighbours of one kind become one."""
    merged: list[tuple[Span, tuple[float, int]]] = []
    for one in sorted(found, key=lambda result: (result.start, -result.end)):
        rank = (one.score, one.end - one.start)
        span = Span(one.start, one.end, one.entity_type)
        if merged:
            last, last_rank = merged[-1]
            touching = span.start < last.end
            alike = span.entity == last.entity and _JOINTS.issuperset(text[last.end : span.start])
            if touching or alike:
                entity = span.entity if rank > last_rank else last.entity
                merged[-1] = (Span(last.start, max(last.end, span.end), entity), max(rank, last_rank))
                continue
        merged.append((span, rank))
    return [span for span, _ in merged]

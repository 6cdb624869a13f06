"""Replaces what names somebody in a note by tags: `[NOM]`, `[DATE]`, `[TEL]`..."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from presidio_analyzer import EntityRecognizer

from pseudonymization.errors import NoteTooLong
from pseudonymization.text.engine import require_language
from pseudonymization.text.found import DATE, ENTITIES
from pseudonymization.text.identity import Identity
from pseudonymization.text.iso_dates import iso_of
from pseudonymization.text.known import Known, known_of
from pseudonymization.text.page import Page
from pseudonymization.text.recognizers import FINDERS
from pseudonymization.text.spans import Span, merge
from pseudonymization.text.surrogates import Surrogates

_TAGS = {
    "fr": "NOM DATE DATE_NAISSANCE TEL MAIL NIR IPP NUMERO_PRO NUMERO ADRESSE HOPITAL AGE WEB",
    "en": "NAME DATE BIRTH_DATE PHONE EMAIL NIR PATIENT_ID PROFESSIONAL_ID ID ADDRESS HOSPITAL AGE WEB",
}

MOST_CHARACTERS = 20_000_000
"""A longer note is refused: it is no note."""


def tags(language: str) -> dict[str, str]:
    """The tag of each entity in a language."""
    return {entity: f"[{tag}]" for entity, tag in zip(ENTITIES, _TAGS[language].split(), strict=True)}


@dataclass(frozen=True)
class DateSpan:
    """Where a date was replaced, in characters of the scrubbed note, and what it said (see `iso_of`), if certain."""

    start: int
    end: int
    date: str | None


@dataclass(frozen=True)
class Scrubbed:
    """A note without its people, how often each tag stands in it, and what was replaced (offsets in the input).

    `dates` are those that are no birth date, with offsets in `text`.
    """

    text: str = field(repr=False)
    counts: dict[str, int]
    spans: tuple[Span, ...] = ()
    dates: tuple[DateSpan, ...] = ()


class Scrubber:
    """Scrubs notes of one language: the recognizers of `FINDERS`, called without an engine, and a site's `own`.

    `tests/pseudonymization/text/test_engine.py` holds that an `AnalyzerEngine` finds the same.
    """

    def __init__(
        self, language: str = "fr", own: Sequence[EntityRecognizer] = (), surrogates: Surrogates | None = None
    ) -> None:
        self.language = require_language(language)
        self._own = tuple(own)
        self._surrogates = surrogates
        self._tags = tags(language)

    def find(self, text: str, identity: Identity | None = None) -> list[Span]:
        """Spans to replace in `text`, in order, never overlapping. Raises `NoteTooLong`."""
        if len(text) > MOST_CHARACTERS:
            raise NoteTooLong(f"A note is longer than {MOST_CHARACTERS:,} characters: cut it into its documents.")
        return merge(text, self._found(text, None if identity is None else known_of(identity)))

    def scrub(self, text: str, identity: Identity | None = None) -> Scrubbed:
        """Replace every span by its tag or a surrogate; `identity` is what the source says of the note's patient."""
        pieces: list[str] = []
        dates: list[DateSpan] = []
        counts: dict[str, int] = {}
        at = length = 0
        spans = self.find(text, identity)
        for begin, end, entity, _, _ in spans:
            kept, put = text[at:begin], self._tag(entity)
            counts[put] = counts.get(put, 0) + 1
            if self._surrogates is not None:
                put = self._surrogates.replace(entity, text[begin:end])
            pieces += (kept, put)
            start, length, at = length + len(kept), length + len(kept) + len(put), end
            if entity == DATE:
                dates.append(DateSpan(start, length, iso_of(text[begin:end], self.language)))
        return Scrubbed("".join([*pieces, text[at:]]), counts, tuple(spans), tuple(dates))

    def _tag(self, entity: str) -> str:
        return self._tags.get(entity) or f"[{entity}]"

    def _found(self, text: str, known: Known | None) -> list[Span]:
        page = Page(text, self.language)
        found = [one for find, _ in FINDERS.values() for one in find(page)]
        if known is not None:
            found += known.find(page)
        spans: list[Span] = list(map(Span._make, page.plain.placed(found)))
        for recognizer in self._own:
            for result in recognizer.analyze(text, recognizer.supported_entities, None):
                spans.append(Span(result.start, result.end, result.entity_type, result.score, recognizer.name))
        return spans

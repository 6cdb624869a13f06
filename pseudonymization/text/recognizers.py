"""Our recognizers as Presidio's `EntityRecognizer`s: any `AnalyzerEngine` can load them, beside a site's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult

from pseudonymization.text.dates import find_dates
from pseudonymization.text.english import find_english
from pseudonymization.text.found import (
    ADDRESS,
    AGE,
    BIRTH_DATE,
    DATE,
    EMAIL,
    HOSPITAL,
    HOSPITAL_NUMBER,
    ID_NUMBER,
    NIR,
    PERSON,
    PHONE,
    PROFESSIONAL_NUMBER,
    WEB,
    Found,
)
from pseudonymization.text.names import find_names
from pseudonymization.text.numbers import find_numbers
from pseudonymization.text.page import Page, page_of
from pseudonymization.text.places import find_places

FINDERS: dict[str, tuple[Callable[[Page], list[Found]], tuple[str, ...]]] = {
    "name": (find_names, (PERSON,)),
    "date": (find_dates, (DATE, BIRTH_DATE)),
    "number": (
        find_numbers,
        (NIR, HOSPITAL_NUMBER, PROFESSIONAL_NUMBER, ID_NUMBER, PHONE, EMAIL, WEB, DATE, BIRTH_DATE),
    ),
    "english": (find_english, (ADDRESS, PHONE, ID_NUMBER, DATE)),
    "place": (find_places, (ADDRESS, HOSPITAL, AGE)),
}
"""Each recognizer by name: what finds, and the entities it finds."""


class PageRecognizer(EntityRecognizer):  # type: ignore[misc]
    """One of `FINDERS`; its explanations name the rule, never the text."""

    def __init__(self, name: str, entities: Sequence[str], find: Callable[[Page], list[Found]], language: str) -> None:
        self._find = find
        super().__init__(supported_entities=list(entities), name=name, supported_language=language)

    def load(self) -> None:
        """Nothing to load: the lexicon comes with the first page."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """What is found of `entities`, with offsets in `text`."""
        page = page_of(text, self.supported_language)
        return [
            RecognizerResult(
                one.entity,
                *page.plain.span(one.start, one.end),
                one.score,
                analysis_explanation=AnalysisExplanation(self.name, one.score, pattern_name=one.rule),
            )
            for one in self._find(page)
            if one.entity in entities
        ]


def recognizers(language: str) -> list[PageRecognizer]:
    """All of `FINDERS` for a language of `LANGUAGES`."""
    return [PageRecognizer(name, entities, find, language) for name, (find, entities) in FINDERS.items()]

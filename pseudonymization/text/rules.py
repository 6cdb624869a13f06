"""A recognizer made of prebuilt expressions, inside Presidio's `EntityRecognizer` contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import regex  # type: ignore[import-untyped]
from presidio_analyzer import EntityRecognizer, RecognizerResult

PERSON, DATE, PHONE, EMAIL = "PERSON", "DATE", "PHONE", "EMAIL"
NIR, HOSPITAL_NUMBER, ADDRESS, HOSPITAL = "NIR", "HOSPITAL_NUMBER", "ADDRESS", "HOSPITAL"

LANGUAGE = "fr"

TIMEOUT_SECONDS = 5.0
"""No expression may take longer on one note: it raises `TimeoutError`, and the note is held."""


@dataclass(frozen=True)
class Rule:
    """An expression whose group `it` (every capture of it) is an entity; without one, the whole match is."""

    entity: str
    pattern: regex.Pattern[str]
    score: float


def rule(entity: str, pattern: str, score: float = 0.8) -> Rule:
    """Compile a rule; spaces in `pattern` count, `(?i:...)` says where case does not."""
    return Rule(entity, regex.compile(pattern), score)


class RuleRecognizer(EntityRecognizer):  # type: ignore[misc]
    """Finds what its rules find; its results explain nothing, so no text reaches a log."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        super().__init__(
            supported_entities=sorted({rule.entity for rule in rules}), name=name, supported_language=LANGUAGE
        )

    def load(self) -> None:
        """Nothing to load: expressions are compiled when the module is imported."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Every capture of every rule among `entities`."""
        found = []
        for one in self._rules:
            if one.entity not in entities:
                continue
            group = "it" if "it" in one.pattern.groupindex else 0
            for match in one.pattern.finditer(text, timeout=TIMEOUT_SECONDS):
                found += [
                    RecognizerResult(one.entity, start, end, one.score)
                    for start, end in match.spans(group)
                    if end > start
                ]
        return found

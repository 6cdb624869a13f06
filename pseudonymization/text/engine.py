"""Presidio's analyzer with our recognizers only: no model, no download, no list fetched at first use."""

from __future__ import annotations

from typing import Any

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from pseudonymization.text.dates import date_recognizer
from pseudonymization.text.names import name_recognizer
from pseudonymization.text.numbers import number_recognizers
from pseudonymization.text.places import place_recognizers
from pseudonymization.text.rules import LANGUAGE


class _NoEnhancer(ContextAwareEnhancer):  # type: ignore[misc]
    """Context is part of our expressions; Presidio's own enhancer would copy every result for nothing."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(self, text: str, raw_results: list[Any], *_: Any, **__: Any) -> list[Any]:  # noqa: ARG002
        return raw_results


def build_analyzer(language: str = LANGUAGE) -> AnalyzerEngine:
    """An `AnalyzerEngine` for French clinical text (English titles and dates are understood too).

    Its built-in recognizers are left out: the one for e-mail downloads a list of domains at first use, and
    none knows French. `log_decision_process` stays off, for it would write the text to a log.
    """
    if language != LANGUAGE:
        raise ValueError("Only French recognizers exist: ask for language='fr'.")
    recognizers = [name_recognizer(), date_recognizer(), *number_recognizers(), *place_recognizers()]
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
        nlp_engine=NoOpNlpEngine([{"lang_code": LANGUAGE, "model_name": "none"}]),
        supported_languages=[LANGUAGE],
        context_aware_enhancer=_NoEnhancer(),
        log_decision_process=False,
    )

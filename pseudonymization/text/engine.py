"""Presidio's analyzer with our recognizers and a site's own: no model, no download, no list fetched at first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from pseudonymization.errors import UnknownLanguage
from pseudonymization.text.lexicon import LANGUAGES
from pseudonymization.text.recognizers import recognizers


class _NoEnhancer(ContextAwareEnhancer):  # type: ignore[misc]
    """Context is part of our rules; Presidio's own enhancer would copy every result for nothing."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(self, text: str, raw_results: list[Any], *_: Any, **__: Any) -> list[Any]:  # noqa: ARG002
        return raw_results


def require_language(language: str) -> str:
    """The language, if recognizers exist for it; raises `UnknownLanguage`."""
    if language not in LANGUAGES:
        raise UnknownLanguage(f"No recognizer knows this language: use one of {', '.join(LANGUAGES)}.")
    return language


def build_analyzer(language: str = "fr", own: Sequence[EntityRecognizer] = ()) -> AnalyzerEngine:
    """An `AnalyzerEngine` for clinical text in a language of `LANGUAGES`, with a site's `own` recognizers.

    Presidio's built-in recognizers are left out: the one for e-mail downloads a list of domains at first use,
    and none knows French. `log_decision_process` stays off, for it would write the text to a log.
    Raises `UnknownLanguage`.
    """
    require_language(language)
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=[*recognizers(language), *own], supported_languages=[language]),
        nlp_engine=NoOpNlpEngine([{"lang_code": language, "model_name": "none"}]),
        supported_languages=[language],
        context_aware_enhancer=_NoEnhancer(),
        log_decision_process=False,
    )

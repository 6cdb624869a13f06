from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerResult

from pseudonymization.errors import UnknownLanguage
from pseudonymization.text.engine import build_analyzer
from pseudonymization.text.found import ENTITIES
from pseudonymization.text.scrubber import Scrubber
from pseudonymization.text.spans import Span, merge

ANALYZER = build_analyzer()
SCRUBBER = Scrubber()


def by_engine(analyzer: AnalyzerEngine, text: str) -> list[tuple[int, int]]:
    results = analyzer.analyze(text, "fr")
    spans = merge(text, [Span(one.start, one.end, one.entity_type, one.score, "") for one in results])
    return [(span.start, span.end) for span in spans]


def in_bulk(text: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in SCRUBBER.find(text)]


def test_only_our_recognizers_and_no_other_language() -> None:
    assert set(ANALYZER.get_supported_entities("fr")) == set(ENTITIES)
    assert ANALYZER.log_decision_process is False
    with pytest.raises(UnknownLanguage, match="fr, en"):
        build_analyzer("de")


def test_nothing_calls_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = build_analyzer().analyze("zoe@exemple.fr, Dr Kergoat", "fr")
    assert {result.entity_type for result in found} == {"EMAIL", "PERSON"}
    assert all(result.analysis_explanation is None for result in found)


def test_an_explanation_names_the_rule_and_never_the_text() -> None:
    found = ANALYZER.analyze("vu par le Dr Kergoat", "fr", return_decision_process=True)
    explained = [result.analysis_explanation for result in found]
    assert [one.pattern_name for one in explained] == ["title"]
    assert "ergoat" not in str([one.to_dict() for one in explained])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Dr",
                "Jean",
                "DUPONT",
                "le",
                "12/03/2019",
                "06 12 34 56 78",
                "rue",
                "de",
                "Paris",
                ",",
                ".",
                "né",
                "\n",
                "ﬁ",
            ]
        )
        | st.text(max_size=6),
        max_size=30,
    ).map(" ".join)
)
def test_the_bulk_path_finds_what_the_engine_finds(text: str) -> None:
    assert in_bulk(text) == by_engine(ANALYZER, text)


@pytest.mark.real_data
def test_the_bulk_path_finds_what_the_engine_finds_in_real_snippets(real_data: Path) -> None:
    for line in (real_data / "notes" / "eds-pseudo-dev.jsonl").read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["note_text"]
        assert in_bulk(text) == by_engine(ANALYZER, text)


class Wards(EntityRecognizer):  # type: ignore[misc]
    """A recognizer of a site."""

    def load(self) -> None: ...

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object = None) -> list[RecognizerResult]:
        at = text.find("Aile Nord")
        return [RecognizerResult("WARD", at, at + 9, 0.9)] if at >= 0 else []


def test_a_site_adds_its_own_recognizer() -> None:
    ward = Wards(supported_entities=["WARD"], name="wards", supported_language="fr")
    assert Scrubber(own=[ward]).scrub("en Aile Nord hier").text == "en [WARD] hier"
    assert "WARD" in build_analyzer(own=[ward]).get_supported_entities("fr")

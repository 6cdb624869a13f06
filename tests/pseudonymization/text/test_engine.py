from __future__ import annotations

import socket

import pytest

from pseudonymization.text.engine import build_analyzer
from pseudonymization.text.scrubber import TAGS


def test_only_our_recognizers_and_no_other_language() -> None:
    analyzer = build_analyzer()
    assert set(analyzer.get_supported_entities("fr")) == set(TAGS)
    assert analyzer.log_decision_process is False
    with pytest.raises(ValueError, match="French"):
        build_analyzer("en")


def test_nothing_calls_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = build_analyzer().analyze("zoe@exemple.fr, Dr Kergoat", "fr")
    assert {result.entity_type for result in found} == {"EMAIL", "PERSON"}
    assert all(result.analysis_explanation is None for result in found)

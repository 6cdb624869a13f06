from __future__ import annotations

from pathlib import Path

import pytest

from pseudonymization.text.scrubber import Scrubber

HERE = Path(__file__).parent
FRAMES = {
    "fr": (
        "Motif : {}.",
        "Patient suivi pour {} depuis l'été.",
        "- {} : sans particularité",
        "traité par {} ce jour",
    ),
    "en": (
        "Reason: {}.",
        "Patient followed for {} since 2 weeks.",
        "- {}: unremarkable",
        "treated with {} today",
    ),
}
FILES = {"fr": "clinical_terms.txt", "en": "clinical_terms_en.txt"}


def terms(language: str) -> list[str]:
    lines = (HERE / FILES[language]).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("language", FRAMES)
def test_there_are_enough_of_them(language: str) -> None:
    assert len(set(terms(language))) == len(terms(language)) >= 300


@pytest.mark.parametrize(("language", "frame"), [(one, frame) for one, frames in FRAMES.items() for frame in frames])
def test_medicine_is_not_taken_for_people(language: str, frame: str) -> None:
    scrubber = Scrubber(language)
    taken = [text for term in terms(language) for text in (frame.format(term), frame.format(term).upper())]
    assert [text for text in taken if scrubber.scrub(text).text != text] == []

from __future__ import annotations

from pathlib import Path

import pytest

from pseudonymization.text.scrubber import Scrubber

SCRUBBER = Scrubber()
LINES = Path(__file__).with_name("clinical_terms.txt").read_text(encoding="utf-8").splitlines()
TERMS = [line for line in LINES if line and not line.startswith("#")]
FRAMES = (
    "Motif : {}.",
    "Patient suivi pour {} depuis l'été.",
    "- {} : sans particularité",
    "traité par {} ce jour",
)


def test_there_are_enough_of_them() -> None:
    assert len(set(TERMS)) == len(TERMS) >= 300


@pytest.mark.parametrize("frame", FRAMES)
def test_medicine_is_not_taken_for_people(frame: str) -> None:
    taken = [text for term in TERMS for text in (frame.format(term), frame.format(term).upper())]
    assert [text for text in taken if SCRUBBER.scrub(text).text != text] == []

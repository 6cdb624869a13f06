from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import Scrubber

SCRUBBERS = {language: Scrubber(language) for language in ("fr", "en")}
CASES = yaml.safe_load(Path(__file__).with_name("hard_cases.yaml").read_text(encoding="utf-8"))


def marked(written: str) -> tuple[str, set[int]]:
    """The text without its marks, and the places of what stood between them."""
    text, inside, places = "", False, set()
    for character in written:
        if character in "⟦⟧":
            inside = character == "⟦"
            continue
        if inside:
            places.add(len(text))
        text += character
    return text, places


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['rule']}: {case['text'][:40]}")
def test_what_is_marked_is_hidden_and_nothing_else(case: dict[str, Any]) -> None:
    text, wanted = marked(case["text"])
    scrubber = SCRUBBERS[case.get("language", "fr")]
    known = case.get("known")
    identity = Identity(**{name: tuple(values) for name, values in known.items()}) if known else None
    hidden = {at for span in scrubber.find(text, identity) for at in range(span.start, span.end)}
    letters = {at for at, character in enumerate(text) if character.isalnum()}
    # Tags and entities of HTML inside a name may go or stay.
    markup = {at for at in letters if "<" in text and text.rfind("<", 0, at) > text.rfind(">", 0, at)}
    missed, extra = (wanted - hidden) & letters - markup, (hidden - wanted) & letters - markup
    shown = lambda places: "".join(text[at] if at in places else "·" for at in range(len(text)))  # noqa: E731
    assert not missed, f"missed {shown(missed)}"
    assert not extra, f"hidden too {shown(extra)}"

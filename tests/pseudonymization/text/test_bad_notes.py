"""Notes that are no notes: each is scrubbed or refused in a sentence, and none takes long."""

from __future__ import annotations

import pytest

from pseudonymization.errors import NoteTooLong
from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import MOST_CHARACTERS, Scrubber

SCRUBBER = Scrubber()
KNOWN = Identity(names=("Kergoat", "Zoé"), birth_date="1965-03-02", numbers=("80042170001",))


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "\x00", "\ud800", "\u200b", "\u202e\u202c", "�" * 50, "<", "&;", "\\'"]
)
def test_nothing_to_find(text: str) -> None:
    assert SCRUBBER.scrub(text, KNOWN).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "A",
        "1",
        "1 ",
        "12/",
        ".",
        "M. ",
        "Dr A",
        "é",
        "0 ",
        "@a.",
        "rue ",
        "&eacute;",
        "<b>",
        "\u200b",
        "D-",
        "x@",
        "le 1",
    ],
)
def test_a_million_identical_characters(piece: str) -> None:
    # pytest's own time limit is none: a blow-up here would be seen as a suite that never ends.
    SCRUBBER.find(piece * (1_000_000 // len(piece)), KNOWN)


def test_ten_megabytes() -> None:
    dull = "insuffisance cardiaque gauche, dyspnée au moindre effort, oedèmes des membres inférieurs " * 115_000
    text = dull[:10_000_000] + "Mme Kergoat"
    assert [text[span.start : span.end] for span in SCRUBBER.find(text)] == ["Kergoat"]


def test_longer_than_any_note() -> None:
    with pytest.raises(NoteTooLong, match="cut it"):
        SCRUBBER.find("a" * (MOST_CHARACTERS + 1))


@pytest.mark.parametrize(
    "text",
    [
        "Mme Ker\u200bgoat",
        "Mme Ker\u00adgoat",
        "\u202eMme Kergoat\u202c",
        "Mme\u00a0Kergoat",
        "Mme Kergoat\x00",
        "<p>Mme <span>Kergoat</span></p>",
        "{\\rtf1 Mme Kergoat\\par}",
        "Mme Kergo&aacute;t",
    ],
)
def test_disguised_names_are_found(text: str) -> None:
    done = SCRUBBER.scrub(text).text
    assert "[NOM]" in done
    assert "goat" not in done

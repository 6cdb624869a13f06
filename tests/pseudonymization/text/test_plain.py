from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymization.text.page import Page
from pseudonymization.text.plain import Plain
from pseudonymization.text.recognizers import FINDERS
from pseudonymization.text.scrubber import Scrubber

WRITTEN = st.sampled_from(
    [
        *[
            "Dr",
            "Zoé",
            "KERGOAT",
            "Zoe\u0301",
            "le",
            "12/03/2019",
            "06 12 34 56 78",
            "\u200b",
            "\u00a0",
            "’",
            "œ",
            "ﬁ",
            "İ",
        ],
        *[
            "&eacute;",
            "<b>",
            "</b>",
            "\\'e9",
            "Ж",
            "ß",
            "𝒟",
            "١٢",
            "\ud800",
            "\x00",
            "\u202e",
            "🙂",
            "\n",
            "né",
            "rue",
            "M.",
        ],
        *["@", "."],
    ]
)
TEXTS = st.lists(WRITTEN | st.text(max_size=4), max_size=40).map("".join)
SCRUBBER = Scrubber()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Né à l’Hôpital — œdème", b"Ne a l'Hopital - odeme"),
        ("e\u0301te\u0301", b"ete"),
        ("Du\u200bpont Du\u00adrand", b"Dupont Durand"),
        ("Andr&eacute; Andr\\'e9", b"Andre Andre"),
        ("<b>Zoé</b>", b" Zoe "),
        ("n° 4 nº 5", b"n\xb0 4 n\xb0 5"),
        ("٠٦ 12", b"06 12"),
        ("Иван ＠", b"Xxxx @"),
        ("a\u00a0b\u202fc\td", b"a b c d"),
    ],
)
def test_one_byte_each(text: str, plain: bytes) -> None:
    assert Plain(text).cased == plain
    assert Plain(text).lower == plain.lower()


@given(TEXTS)
@settings(max_examples=2000, deadline=None)
def test_every_byte_knows_what_wrote_it(text: str) -> None:
    plain = Plain(text)
    spans = [plain.span(at, at + 1) for at in range(len(plain.cased))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    for byte, (start, end) in zip(plain.cased, spans, strict=True):
        if chr(byte) in "0123456789":
            assert any(unicodedata.category(character) in ("Nd", "No") for character in text[start:end]) or "&" in text


@given(TEXTS)
@settings(max_examples=2000, deadline=None)
def test_a_slice_holds_what_was_found(text: str) -> None:
    page = Page(text, "fr")
    for find, _ in FINDERS.values():
        for one in find(page):
            start, end = page.plain.span(one.start, one.end)
            assert Plain(text[start:end]).lower == page.plain.lower[one.start : one.end]


@given(TEXTS)
@settings(max_examples=10_000, deadline=None)
def test_offsets_are_those_of_the_text_as_it_was_given(text: str) -> None:
    done = SCRUBBER.scrub(text)
    rest, at = [], 0
    for span in done.spans:
        assert at <= span.start < span.end <= len(text)
        rest.append(text[at : span.start])
        at = span.end
    rest.append(text[at:])
    kept = done.text
    for piece in rest:
        place = kept.find(piece)
        assert place >= 0
        kept = kept[place + len(piece) :]

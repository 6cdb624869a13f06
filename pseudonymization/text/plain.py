"""A note as one byte per character: unaccented Latin letters, so that scanners see a small alphabet.

`é` is `e`, every apostrophe is `'`, every dash is `-`, every blank is a space, a figure of any script is a figure,
a letter of another script is `X` or `x`. What nobody sees (zero-width characters, soft hyphens, marks of
direction) and what is written in two parts (a letter and its accent, `&eacute;`, `\\'e9`) makes one byte, and
`Plain` remembers where it came from.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pseudonymization.text.found import Found

_OTHER = 0xA4
"""Stands for any sign that is neither letter, figure nor punctuation that a rule knows."""

_TABLES: dict[str, bytes] = {}
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u180e\u061c") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_DASHES, _QUOTES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`\uff07"
_COMMON = (("\u2019", "'"), ("\u202f", " "), ("\u2013", "-"), ("\u0153", "o"), ("\u2026", "."), ("\u20ac", "\u00a4"))
_WRITTEN = re.compile(
    r"&(?:#[0-9]{1,6}|#x[0-9a-fA-F]{1,5}|[A-Za-z]{2,8});|\\'[0-9a-fA-F]{2}|</?[A-Za-z][A-Za-z0-9]{0,9} ?/?>"
)
_HANDLER = "hub-plain"


class _NeedsCleaning(Exception):
    """The text holds characters that do not make one byte each."""


@lru_cache(maxsize=8192)
def _byte(character: str) -> int:
    """The byte of one character; 0 when it makes none of its own."""
    if character in _INVISIBLE or unicodedata.combining(character):
        return 0
    if character in _DASHES:
        return 0x2D
    if character in _QUOTES:
        return 0x27
    if character == "\u2026":
        return 0x2E
    kind = unicodedata.category(character)
    if kind in ("Zs", "Cc"):
        return 0x0A if character in "\n\x0b\x0c\x85\u2028\u2029" else 0x20
    if kind in ("Zl", "Zp"):
        return 0x0A
    if kind == "Nd":
        return 0x30 + unicodedata.digit(character)
    if kind[0] == "L" and kind != "Lm" and character not in "ªº":
        for part in unicodedata.normalize("NFKD", character):
            if part.isascii() and part.isalpha():
                return ord(part)
        named = {"Æ": "A", "Œ": "O", "Ø": "O", "Đ": "D", "Ð": "D", "Ł": "L", "Þ": "T", "ß": "s", "ı": "i"}
        upper = character.upper()
        if upper[:1] in named or character in named:
            letter = named.get(character) or named[upper[0]]
            return ord(letter if character.isupper() else letter.lower())
        return ord("X" if character.isupper() else "x")
    if character in "ªº":
        return 0xB0
    wide = unicodedata.normalize("NFKC", character)
    if kind[0] in "PS" and len(wide) == 1 and wide.isascii():
        return ord(wide)
    return ord(character) if ord(character) < 256 else _OTHER


def _replace(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    made = bytes(_byte(character) for character in error.object[error.start : error.end])
    if 0 in made:
        raise _NeedsCleaning
    return made, error.end


codecs.register_error(_HANDLER, _replace)


def _tables() -> tuple[bytes, bytes]:
    if not _TABLES:
        cased = bytes(_byte(chr(code)) or 0xAD for code in range(256))
        _TABLES["cased"] = cased
        _TABLES["lower"] = bytes(cased).lower()
    return _TABLES["cased"], _TABLES["lower"]


class Plain:
    """`cased` and `lower`: the bytes of `text`; `span` gives offsets in `text` back."""

    __slots__ = ("_ends", "_starts", "cased", "lower", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None
        self._ends: list[int] | None = None
        cased, lower = _tables()
        try:
            if ("&" in text or "\\'" in text or "<" in text) and _WRITTEN.search(text):
                raise _NeedsCleaning
            raw = _encode(text)
        except _NeedsCleaning:
            raw = self._clean()
        self.cased = raw.translate(cased)
        self.lower = raw.translate(lower)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in `text` of the bytes from `start` to `end` (never empty)."""
        if self._starts is None or self._ends is None:
            return start, end
        return self._starts[start], self._ends[end - 1]

    def placed(self, found: list[Found]) -> list[Found]:
        """Finds with their offsets in `text` in place of those in the bytes."""
        if self._starts is None:
            return found
        return [Found(*self.span(start, end), entity, score, rule) for start, end, entity, score, rule in found]

    def _clean(self) -> bytes:
        made, starts, ends = bytearray(), [], []
        for character, start, end in _pieces(self.text):
            value = _byte(character)
            if value:
                made.append(value)
                starts.append(start)
                ends.append(end)
            elif ends:
                ends[-1] = end
        self._starts, self._ends = starts, ends
        return bytes(made)


def _encode(text: str) -> bytes:
    if text.isascii():
        return text.encode("ascii")
    for found, put in _COMMON:
        if found in text:
            text = text.replace(found, put)
    raw = text.encode("latin-1", _HANDLER)
    if b"\xad" in raw:
        raise _NeedsCleaning
    return raw


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Each visible character with the offsets of what wrote it; a tag without attributes is a blank."""
    at = 0
    for match in _WRITTEN.finditer(text):
        yield from ((text[index], index, index + 1) for index in range(at, match.start()))
        at = match.end()
        written = match[0]
        if written[0] == "<":
            yield " ", match.start(), at
        elif written[0] == "&":
            decoded = html.unescape(written)
            if len(decoded) == 1:
                yield decoded, match.start(), at
            else:
                yield from ((text[index], index, index + 1) for index in range(match.start(), at))
        else:
            yield bytes.fromhex(written[2:]).decode("cp1252", "replace"), match.start(), at
    yield from ((text[index], index, index + 1) for index in range(at, len(text)))

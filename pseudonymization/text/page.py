"""A note made ready for the recognizers: its bytes, its words and the class of each, found once for all of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

from pseudonymization.text.lexicon import Lexicon, lexicon
from pseudonymization.text.plain import Plain

_WORDS = re.compile(rb"([Nn]\xb0|[A-Za-z]+)")
_MEMORY = 200_000


class _Classes(dict[bytes, str]):
    """Classes of the words seen so far; forgets everything when it grows too great."""

    def __init__(self, words: Lexicon) -> None:
        self._words = words
        self[b""] = "|"

    def __missing__(self, token: bytes) -> str:
        if len(self) > _MEMORY:
            self.clear()
        made = self[token] = self._words.word_class(token) if token[:1].isalpha() else _between(token)
        return made


def _between(gap: bytes) -> str:
    """The class of what stands between two words."""
    bare = gap.strip(b" ")
    if not bare:
        return "_" if len(gap) <= 3 else "|"
    pointed = bare[:1] == b"." and gap[:1] == b"."
    if any(48 <= byte < 58 for byte in bare):
        return "1" if pointed else "0"
    if not bare.strip(b"\n"):
        return "/" if bare.count(b"\n") == 1 else "|"
    if bare in (b"-", b"'", b"."):
        # `Jean - Pierre` is a list, `J. Dupont` a name.
        return bare.decode() if gap.rstrip(b" ") == bare and (bare == b"." or gap == bare) else "|"
    if bare == b"-\n":
        return "-"
    if bare in (b".-", b"-."):
        return "."
    if bare == b"," and gap != bare:
        return ","
    if bare == b":" or bare == b":\n":
        return ":"
    if pointed:
        return "!"
    return "(" if bare == b"(" else "|"


_CLASSES: dict[str, _Classes] = {}


class Page:
    """`language`, `plain`, `classes` (gap, word, gap..., a character each) and `places`, where each ends."""

    __slots__ = ("_words", "classes", "language", "places", "plain")

    def __init__(self, text: str, language: str) -> None:
        self.plain = Plain(text)
        self.language = language
        known = _CLASSES.get(language) or _CLASSES.setdefault(language, _Classes(lexicon(language)))
        parts = _WORDS.split(self.plain.cased)
        self.classes = "".join(map(known.__getitem__, parts))
        self.places = list(accumulate(map(len, parts)))
        self._words = parts[1::2]

    def class_at(self, start: int) -> str:
        """The class of the word or gap that holds the byte at `start`."""
        return self.classes[bisect_right(self.places, start)]

    def words(self) -> list[bytes]:
        """The folded words; the one at `i` stands from `places[2 * i]` to `places[2 * i + 1]`."""
        return b"\n".join(self._words).lower().split(b"\n") if self._words else []


@lru_cache(maxsize=1)
def page_of(text: str, language: str) -> Page:
    """The page of a text; the last one is kept, since every recognizer of an engine asks for it in turn."""
    return Page(text, language)

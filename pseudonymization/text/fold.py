"""Text without case and accents, character for character, so that offsets stay true."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    for candidate in unicodedata.normalize("NFD", character.casefold()):
        if not unicodedata.combining(candidate):
            return candidate
    return character


def fold(text: str) -> str:
    """Lower case and unaccented, of the same length as `text` (a ligature keeps its first letter)."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))

"""Invented replacements, drawn anew each time.

One surrogate for one person all through a note would make what was missed easier to see: a name that stands out from
those that agree with each other is the true one (Carrell et al., J Am Med Inform Assoc 2013, "hiding in plain sight").
"""

from __future__ import annotations

import re
from random import Random, SystemRandom

from babel.dates import get_month_names

from pseudonymization.text.found import (
    ADDRESS,
    AGE,
    BIRTH_DATE,
    DATE,
    EMAIL,
    HOSPITAL,
    NIR,
    PERSON,
    PHONE,
    WEB,
)
from pseudonymization.text.lexicon import Lexicon, words_of

_COMMON_GIVEN, _COMMON_FAMILY = 1_000, 4_000
# Blocks that the French regulator keeps for fiction (ARCEP, decision 2018-0881, annex).
_FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")
_WORD = re.compile(r"[^\W\d_]+")
_DAY_MONTH_YEAR = re.compile(r"([0-3]?[0-9])( ?[/.\-] ?)([01]?[0-9])( ?[/.\-] ?)((?:18|19|20)?[0-9]{2})")
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")
_PARTICLES = frozenset(["de", "du", "des", "la", "le", "les", "l", "d", "von", "van", "der", "den", "ben", "el", "al"])


class Surrogates:
    """Draws replacements for one language; `chance` is the system's own unless a test gives another."""

    def __init__(self, lexicon: Lexicon, chance: Random | None = None) -> None:
        self._given = lexicon.frequent_given(_COMMON_GIVEN)
        self._family = lexicon.frequent_family(_COMMON_FAMILY)
        self._towns = [line.title() for line in words_of("towns.txt")]
        self._months = list(get_month_names("wide", locale=lexicon.language).values())
        self._chance = chance or SystemRandom()

    def replace(self, entity: str, written: str) -> str:
        """Something of the same kind as `written`, and nothing of it but its shape."""
        if entity == PERSON:
            return self._name(written)
        if entity in (DATE, BIRTH_DATE):
            return self._date(written)
        if entity == NIR:
            return self._nir()
        if entity == PHONE:
            return self._chance.choice(_FICTION) + f"{self._chance.randrange(10_000):04d}"
        if entity == EMAIL:
            return f"{self._chance.choice(self._family)}{self._chance.randrange(100)}@exemple.invalid"
        if entity == WEB:
            return "https://exemple.invalid/"
        if entity == ADDRESS:
            return self._address(written)
        if entity == HOSPITAL:
            return f"Hôpital {self._chance.choice(self._family).title()}"
        if entity == AGE:
            return str(self._chance.randrange(90, 100))
        return self._figures(written)

    def _name(self, written: str) -> str:
        first = True

        def other(match: re.Match[str]) -> str:
            nonlocal first
            word = match[0]
            if len(word) == 1:
                drawn = chr(self._chance.randrange(26) + (65 if word.isupper() else 97))
            elif word.lower() in _PARTICLES:
                return word
            else:
                drawn = self._chance.choice(self._given if first else self._family)
                first = False
            return drawn.upper() if word.isupper() else drawn.title() if word[:1].isupper() else drawn

        return _WORD.sub(other, written)

    def _date(self, written: str) -> str:
        day, month = self._chance.randrange(1, 29), self._chance.randrange(1, 13)
        year = self._chance.randrange(1930, 2025)
        figures = _DAY_MONTH_YEAR.fullmatch(written.strip())
        if figures:
            return (
                f"{day:02d}{figures[2]}{month:02d}{figures[4]}{year if len(figures[5]) == 4 else f'{year % 100:02d}'}"
            )
        if _YEAR.fullmatch(written.strip()):
            return str(year)
        return f"{day} {self._months[month - 1]} {year}"

    def _nir(self) -> str:
        # No place has the number 00, so no living person has such a NIR; the key is wrong besides.
        body = f"{self._chance.randrange(1, 3)}{self._chance.randrange(100):02d}{self._chance.randrange(1, 13):02d}00"
        body += f"{self._chance.randrange(1_000_000):06d}"
        return f"{body}{(97 - int(body) % 97) % 97 + 1:02d}"

    def _address(self, written: str) -> str:
        town = self._chance.choice(self._towns)
        if not any(character.isdigit() for character in written):
            return town
        street = self._chance.choice(self._family).title()
        return f"{self._chance.randrange(1, 200)} rue {street}, {self._chance.randrange(1, 96):02d}000 {town}"

    def _figures(self, written: str) -> str:
        def other(match: re.Match[str]) -> str:
            return str(self._chance.randrange(10)) if match[0].isdigit() else chr(65 + self._chance.randrange(26))

        return re.sub(r"[^\W_]", other, written)

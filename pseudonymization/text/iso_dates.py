"""What day, month or year a date that was found in a note says, as ISO 8601, so that it can be moved later.

Nothing is guessed: a date without its year, two readings of one figure, words that are no date give None. A year of two
figures is of this century up to 39 and of the last one from 40 on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache

from babel.dates import get_month_names

_PIVOT = 40
_SHORTEST = 3
_YEARS = range(1850, 2200)
_BEFORE = re.compile(
    r"^(?:(?:le|du|au|en|depuis|debut|fin|mi|courant|the|of|on|in|since|early|late|mid)[ \-]+)*"
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r")[, ]+)?"
)
_AFTER = re.compile(r"(?:t| a | at |[ ,]+)\d{1,2} ?[h:] ?(?:\d{2})?(?::\d{2}(?:[.,]\d+)?)?(?:z|[+-]\d{2}:?\d{2})?$")
_SEPARATOR = r"\s*[/.\-|:\s]\s*"
_FIGURES = re.compile(rf"(\d{{1,4}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{2,4}})")
_TWO_FIGURES = re.compile(r"(\d{1,2})\s*[/\-.]\s*(\d{4})")
_DAY_MONTH = re.compile(
    r"(\d{1,2}|premier|first)\s*(?:er|st|nd|rd|th)?(?: of| de)?[\s\-/.,]*([a-z]+)[\s\-/.,']*(\d{2,4})"
)
_MONTH_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MONTH_YEAR = re.compile(r"([a-z]+)[\s\-/.']*(\d{4})")
_UNITS = {
    word: value
    for value, words in enumerate(
        ("zero", "un une premier", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
         "douze", "treize", "quatorze", "quinze", "seize")
    )
    for word in words.split()
} | {"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}  # fmt: skip


@lru_cache(4096)
def iso_of(written: str, language: str) -> str | None:
    """`YYYY-MM-DD`, `YYYY-MM` or `YYYY`, as much as is written; None where that is not a date or could be two.

    In French the day comes before the month; in English figures that could be either way round give None.
    """
    text = _plain(written)
    text = _AFTER.sub("", _BEFORE.sub("", text)).strip(" .,;:()")
    if re.fullmatch(r"[\d ]+", text):
        return _of_figures_alone(text, language)
    if match := _FIGURES.fullmatch(text):
        return _of_three(match[1], match[2], match[3], language)
    if match := _TWO_FIGURES.fullmatch(text):
        return _iso(_year(match[2]), int(match[1]))
    if (match := _DAY_MONTH.fullmatch(text)) and (month := _month(match[2], language)):
        day = 1 if match[1].isalpha() else int(match[1])
        return _iso(_year(match[3]), month, day)
    if (match := _MONTH_DAY.fullmatch(text)) and (month := _month(match[1], language)):
        return _iso(int(match[3]), month, int(match[2]))
    if (match := _MONTH_YEAR.fullmatch(text)) and (month := _month(match[1], language)):
        return _iso(int(match[2]), month)
    return _of_words(text.replace("-", " ").split(), language)


def _plain(written: str) -> str:
    """Lower case without accents, each white space a blank."""
    if written.isascii():
        return " ".join(written.lower().split())
    folded = unicodedata.normalize("NFKD", written).casefold()
    return " ".join("".join(one for one in folded if not unicodedata.combining(one)).split())


def _of_figures_alone(text: str, language: str) -> str | None:
    parts = text.split()
    if len(parts) == 3 and len(parts[1]) <= 2:
        return _of_three(parts[0], parts[1], parts[2], language)
    figures = "".join(parts)
    if len(figures) == 4:
        return _iso(int(figures))
    if len(figures) != 8:
        return None
    readings = {
        _iso(int(figures[4:]), int(figures[2:4]), int(figures[:2])),
        _iso(int(figures[:4]), int(figures[4:6]), int(figures[6:])),
        _iso(int(figures[4:]), int(figures[:2]), int(figures[2:4])) if language == "en" else None,
    } - {None}
    return readings.pop() if len(readings) == 1 else None


def _of_three(first: str, second: str, third: str, language: str) -> str | None:
    if len(first) == 4:
        return _iso(int(first), int(second), int(third)) if len(third) <= 2 else None
    if len(third) == 3 or len(first) > 2:
        return None
    year = _year(third)
    readings = {_iso(year, int(second), int(first))}
    if language == "en":
        readings.add(_iso(year, int(first), int(second)))
    readings -= {None}
    return readings.pop() if len(readings) == 1 else None


def _of_words(words: Sequence[str], language: str) -> str | None:
    """`deux janvier mille neuf cent soixante dix huit`, the year in figures or in words."""
    whole = {name for name, _ in _months(language)}
    places = [place for place, word in enumerate(words) if word in whole]
    if len(places) != 1:
        return None
    (place,) = places
    month = _month(words[place], language)
    day, rest = _number(words[:place]) if place else None, words[place + 1 :]
    year = int(rest[0]) if len(rest) == 1 and re.fullmatch(r"\d{4}", rest[0]) else _number(rest)
    if year is None or (place and day is None):
        return None
    return _iso(year, month, day)


def _number(words: Sequence[str]) -> int | None:
    """A number in French words, as `mille neuf cent quatre vingt dix huit`."""
    if not words:
        return None
    whole, under = 0, 0
    for word in words:
        if word == "et":
            continue
        if word in ("mille", "mil"):
            whole, under = (under or 1) * 1000, 0
        elif word in ("cent", "cents"):
            under = (under or 1) * 100
        elif word in ("vingt", "vingts") and under % 100 == 4:
            under += 76
        elif word in _UNITS:
            under += _UNITS[word]
        else:
            return None
    return whole + under


def _year(text: str) -> int:
    if len(text) > 2:
        return int(text)
    return int(text) + (2000 if int(text) < _PIVOT else 1900)


def _month(word: str, language: str) -> int | None:
    """The month that a word of three letters or more begins, if it is one alone."""
    if len(word) < _SHORTEST:
        return None
    found = {number for name, number in _months(language) if name.startswith(word)}
    return found.pop() if len(found) == 1 else None


@cache
def _months(language: str) -> tuple[tuple[str, int], ...]:
    names = [(number, name) for number, name in get_month_names("wide", locale=language).items()]
    names += [(9, "sept")]
    return tuple((_plain(name), number) for number, name in names)


def _iso(year: int, month: int | None = None, day: int | None = None) -> str | None:
    if year not in _YEARS:
        return None
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    return "-".join([f"{year:04d}", *(f"{part:02d}" for part in (month, day) if part is not None)])

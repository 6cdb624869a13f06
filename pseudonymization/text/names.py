"""Names of people, by the classes of words and what stands before them.

A note is read as a string of classes, one character a word and one a gap (`t.G_S` is `Dr. Jean DUPONT`). Runs of words
with a capital are weighed: each word by what the lexicon knows of it, the whole by what announces it. Notes repeat few
runs, so that most are weighed once for a process.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pseudonymization.text.found import PERSON, Found
from pseudonymization.text.lexicon import NAME_CLASSES
from pseudonymization.text.page import Page

_RUN = re.compile(rf"[{NAME_CLASSES}](?:[_\-'.,](?:[pP][_'\-]){{0,3}}[{NAME_CLASSES}]|-K)*")
_TITLED = r"[._]((?:p[_'])*[xyuw](?:[_\-][xyu])*)"
# Each way begins with a letter: Python then skips whatever is none of them.
_LOWER = re.compile(rf"t{_TITLED}|m{_TITLED}|y[_\-](?:y[_\-])?x|x_y")
# A given name that English does not have as a word, before another or before what is no word at all.
_LOWER_OF = {"fr": _LOWER, "en": re.compile(rf"{_LOWER.pattern}|y[_\-](?:y[_\-])?u|y(?:[_\-,]y)+")}
_CONTEXT = 6

_WEIGHTS = {
    **{"G": 3.0, "S": 2.3, "g": 1.6, "X": 1.3, "Z": 0.9, "s": 0.8, "I": 0.6, "m": 0.6},
    **{"E": 0.3, "A": 0.2, "B": 0.0, "K": 0.0, "W": -2.0, "V": -2.0, "C": -2.0},
}
# English writes few words with a capital: one that is not of the language is likelier a name.
_WEIGHTS_OF = {"fr": _WEIGHTS, "en": {**_WEIGHTS, "X": 2.9, "S": 2.9, "g": 2.4, "s": 2.2, "E": 2.2, "B": 2.0, "Z": 1.4}}
_POINTED_INITIAL = 2.1
_ENOUGH = 2.9
_ENDS = frozenset("|/0(,:!1")
"""Gaps after which nothing of the same sentence comes."""

# What announces a name, by how much, and why.
_BEFORE = (
    (re.compile(r"t[._:/]$"), 5.0, "title"),
    (re.compile(r"t[._:/](?:[GI][_.\-])*G/$"), 5.0, "title"),
    (re.compile(r"n(?:[:_/.|]|_[wu]_)$"), 3.0, "label"),
    (re.compile(r"r[_:]$"), 2.3, "role"),
    (re.compile(r"k[_:,(]$"), 2.0, "kinship"),
    (re.compile(r"[qf][_:]$"), 1.0, "by"),
    (re.compile(r"[GS]/$"), 1.0, "next line"),
    (re.compile(r"[wxyup][_']$"), 0.7, "in a sentence"),
)
_BEFORE_OF = {"fr": _BEFORE, "en": (*_BEFORE, (re.compile(r"e_$"), 0.7, "in a sentence"))}
# `syndrome de Gilbert`, `score Child`, `signe de Babinski`, where `chirurgie Gilbert Leroy` is a name.
_EPONYM = re.compile(r"e_(?:[pP][_'])*$|f_(?:[pP][_'])+$")
_EPONYM_OF = re.compile(r"[ef]_(?:[pP][_'])+$")
# English writes no word with a capital after a given name: `Isaac Heath`, `Kate M Begum`.
_GIVEN_BEFORE = re.compile(r"[Gg][_\-](?:[Im][_.])?$")
# `Crohn's disease`, `Swan-Ganz catheter`.
_NAMED_AFTER = re.compile(r"(?:'w)?_e")
_SOMEBODY = re.compile(r"(?<![EB]-)G(?!-[EB])")
_ANNOUNCED = 1.0
_MISTER = re.compile(r"m[._](?:[^Im]|I')")


def find_names(page: Page) -> list[Found]:
    """Names of patients, carers and relatives."""
    found = []
    classes, places = page.classes, page.places
    free, english = 0, page.language == "en"
    for match in _RUN.finditer(classes):
        start, end = match.span()
        # `de la` in `de la Tour`: what stands before is looked at here, so that most words are passed over quickly.
        while start - 2 >= free and classes[start - 1] in "_'-" and classes[start - 2] in "pP":
            start -= 2
        free = end
        for first, last, score, why in _weigh(
            page.language,
            classes[max(0, start - _CONTEXT) : start],
            classes[start:end],
            classes[end],
            english and _names_something(page, end),
        ):
            found.append(Found(places[start + first - 1], places[start + last], PERSON, score, why))
    for match in _LOWER_OF[page.language].finditer(classes):
        start, end = match.span(match.lastindex or 0)
        if match.lastindex and classes[end - 1] == "w":
            continue
        found.append(Found(places[start - 1], places[end - 1], PERSON, 0.6, "lower case"))
    return found


def _names_something(page: Page, end: int) -> bool:
    """Whether what follows a run of an English note is named after people: `Homans' sign` too."""
    if _NAMED_AFTER.match(page.classes, end):
        return True
    gap = page.plain.cased[page.places[end - 1] : page.places[end]]
    return gap == b"' " and page.classes[end + 1 : end + 2] == "e"


@lru_cache(maxsize=50_000)
def _weigh(
    language: str, before: str, run: str, after: str, named_after: bool
) -> tuple[tuple[int, int, float, str], ...]:
    """Parts of a run that are names: first and last place in `run` (of words), score, reason.

    `named_after`: whether something that is named after people follows.
    """
    first_word = next(at for at, one in enumerate(run) if one in _WEIGHTS)
    bonus, why = 0.0, "names"
    for pattern, weight, reason in _BEFORE_OF[language]:
        if pattern.search(before):
            bonus, why = weight, reason
            break
    if language == "en":
        if named_after and bonus < _ANNOUNCED and _is_eponym(run):
            return ()
    elif not bonus or why == "in a sentence":
        eponym = _EPONYM_OF if "G" in run else _EPONYM
        if eponym.search(before + run[:first_word]):
            bonus, why = -4.0, "eponym"
    skipped = 0
    if bonus < 1 and _MISTER.match(run, first_word):
        # `M. Dupont`, where `Dr M. Dupont` has an initial.
        bonus, why, skipped = 3.0, "title", 2
    weights = _WEIGHTS_OF[language]
    names = []
    for first, last in _segments(language, run, first_word + skipped, bonus, after):
        total = sum(_weight(weights, run, at, first, after) for at in range(first, last + 1) if run[at] in _WEIGHTS)
        starts = first in (first_word, first_word + skipped) or (
            skipped > 0 and set(run[first_word + skipped : first : 2]) <= {"p", "P"}
        )
        total += bonus if starts else 0
        if total >= _ENOUGH and any(run[at] in "GgSsXZAEBWVC" for at in range(first, last + 1)):
            # A particle belongs to the name that something announces, and a capital one to any.
            begin = first
            if starts and (bonus >= 2 or run[:1] == "P"):
                begin = first_word + skipped if skipped else 0
            names.append((begin, last, min(0.95, 0.3 + total / 10), why))
    return tuple(names)


def _is_eponym(run: str) -> bool:
    """Whether a run in English names no one: it has an eponym, and no given name but one in a chain with an eponym."""
    return ("E" in run or "B" in run) and not _SOMEBODY.search(run)


def _weight(weights: dict[str, float], run: str, at: int, first: int, after: str) -> float:
    one = run[at]
    if one in "Im":
        gap = run[at + 1 : at + 2] or after
        return _POINTED_INITIAL if gap in (".", "-", "!", "1") else weights[one]
    # A word that was let into a name says nothing for it.
    return 0.0 if one in "WVC" and at > first else weights[one]


def _segments(language: str, run: str, first_word: int, bonus: float, after: str) -> list[tuple[int, int]]:
    """The run cut at words of the language; one may begin a name that is announced, or end one."""
    segments: list[tuple[int, int]] = []
    start: int | None = None
    last = 0
    for at in range(first_word, len(run)):
        one = run[at]
        if one not in _WEIGHTS:
            continue
        breaks = one in "WVC"
        if breaks and start is None:
            breaks = not (at == first_word and bonus >= 5)
        elif breaks:
            if language == "en":
                ends = run[at + 1 : at + 2] in ("", ",", ".")
                breaks = one == "C" or not (ends and at - last == 2 and _GIVEN_BEFORE.search(run[:at]))
            else:
                ends = at == len(run) - 1 and after in _ENDS
                breaks = not (
                    ends and run[last] in "GS" and at - last == 2 and run[at - 1] in "_-" and (one == "V" or bonus >= 2)
                )
        comma = start is not None and run[last + 1] == "," and not (one == "G" or run[last] == "G")
        if (breaks or comma) and start is not None:
            segments.append((start, last))
            start = None
        if not breaks:
            start = at if start is None else start
            last = at
    if start is not None:
        segments.append((start, last))
    return segments

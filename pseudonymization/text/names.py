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

_RUN = re.compile(rf"(?:[pP][_'\-])*[{NAME_CLASSES}](?:[_\-'.,](?:[pP][_'\-]){{0,3}}[{NAME_CLASSES}]|-K)*")
_LOWER = re.compile(r"(?<=[tm][._])(?:p[_'])*[xyuw](?:[_\-][xyu])*|y[_\-](?:y[_\-])?x|x_y")
_CONTEXT = 6

_WEIGHTS = {
    **{"G": 3.0, "S": 2.3, "g": 1.6, "X": 1.3, "Z": 0.9, "s": 0.8, "I": 0.6, "m": 0.6},
    **{"E": 0.3, "A": 0.2, "K": 0.0, "W": -2.0, "V": -2.0},
}
# English writes few words with a capital: one that is not of the language is likelier a name.
_WEIGHTS_OF = {"fr": _WEIGHTS, "en": {**_WEIGHTS, "X": 2.9, "S": 2.9, "g": 2.4, "s": 2.2, "E": 2.2, "Z": 1.4}}
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
# `syndrome de Gilbert`, `score Child`, `signe de Babinski`, where `chirurgie Gilbert Leroy` is a name.
_EPONYM = re.compile(r"e_(?:[pP][_'])*$|f_(?:[pP][_'])+$")
_EPONYM_OF = re.compile(r"[ef]_(?:[pP][_'])+$")
_MISTER = re.compile(r"m[._](?:[^Im]|I')")


def find_names(page: Page) -> list[Found]:
    """Names of patients, carers and relatives."""
    found = []
    classes, places = page.classes, page.places
    for match in _RUN.finditer(classes):
        start, end = match.span()
        for first, last, score, why in _weigh(
            page.language, classes[max(0, start - _CONTEXT) : start], match[0], classes[end]
        ):
            found.append(Found(places[start + first - 1], places[start + last], PERSON, score, why))
    for match in _LOWER.finditer(classes):
        titled = classes[match.start() - 2 : match.start() - 1] in ("t", "m")
        if titled and match[0][-1] == "w":
            continue
        found.append(Found(places[match.start() - 1], places[match.end() - 1], PERSON, 0.6, "lower case"))
    return found


@lru_cache(maxsize=50_000)
def _weigh(language: str, before: str, run: str, after: str) -> tuple[tuple[int, int, float, str], ...]:
    """Parts of a run that are names: first and last place in `run` (of words), score, reason."""
    first_word = next(at for at, one in enumerate(run) if one in _WEIGHTS)
    bonus, why = 0.0, "names"
    for pattern, weight, reason in _BEFORE:
        if pattern.search(before):
            bonus, why = weight, reason
            break
    eponym = _EPONYM_OF if "G" in run else _EPONYM
    if (not bonus or why == "in a sentence") and eponym.search(before + run[:first_word]):
        bonus, why = -4.0, "eponym"
    skipped = 0
    if bonus < 1 and _MISTER.match(run, first_word):
        # `M. Dupont`, where `Dr M. Dupont` has an initial.
        bonus, why, skipped = 3.0, "title", 2
    weights = _WEIGHTS_OF[language]
    names = []
    for first, last in _segments(run, first_word + skipped, bonus, after):
        total = sum(_weight(weights, run, at, after) for at in range(first, last + 1) if run[at] in _WEIGHTS)
        starts = first in (first_word, first_word + skipped) or (
            skipped > 0 and set(run[first_word + skipped : first : 2]) <= {"p", "P"}
        )
        total += bonus if starts else 0
        if total >= _ENOUGH and any(run[at] in "GgSsXZAEWV" for at in range(first, last + 1)):
            # A particle belongs to the name that something announces, and a capital one to any.
            begin = first
            if starts and (bonus >= 2 or run[:1] == "P"):
                begin = first_word + skipped if skipped else 0
            names.append((begin, last, min(0.95, 0.3 + total / 10), why))
    return tuple(names)


def _weight(weights: dict[str, float], run: str, at: int, after: str) -> float:
    one = run[at]
    if one in "Im":
        gap = run[at + 1 : at + 2] or after
        return _POINTED_INITIAL if gap in (".", "-", "!", "1") else weights[one]
    # A word that was let into a name says nothing for it.
    return (
        0.0 if one in "WV" and at > 0 and run[at - 1] in "_-" and run[at - 2 : at - 1] in ("G", "S") else weights[one]
    )


def _segments(run: str, first_word: int, bonus: float, after: str) -> list[tuple[int, int]]:
    """The run cut at words of the language; one may begin a name that is announced, or end one."""
    segments: list[tuple[int, int]] = []
    start: int | None = None
    last = 0
    for at in range(first_word, len(run)):
        one = run[at]
        if one not in _WEIGHTS:
            continue
        breaks = one in "WV"
        if breaks and start is None:
            breaks = not (at == first_word and bonus >= 5)
        elif breaks:
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

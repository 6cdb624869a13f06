"""Finds in a note what its patient's source says of the patient: no expression is built, so none can leak.

Text and identity are compared without case, accents or separators: `12, Rue de l'Église` finds
`12 rue de l'eglise`, `06.12.34.56.78` finds `+33 6 12 34 56 78`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import regex  # type: ignore[import-untyped]
from presidio_analyzer import EntityRecognizer, RecognizerResult

from pseudonymization.nir import is_nir
from pseudonymization.text.fold import fold
from pseudonymization.text.identity import Identity
from pseudonymization.text.rules import ADDRESS, DATE, EMAIL, HOSPITAL_NUMBER, LANGUAGE, NIR, PERSON, PHONE

_WORD = regex.compile(r"[^\W\d_]+[0-9]*")
_PIECE = regex.compile(r"[^\W_]+")
_BETWEEN = regex.compile(r"[\s\-'’.,]{0,3}(?:(?:de|du|des|la|le|les|l|d|van|von|der|den|ben|el|al)[\s\-'’]{1,2}){0,3}")
_INITIAL_BEFORE = regex.compile(r"(?<![\p{L}0-9])(?:\p{Lu}\.[ \-]?){1,3}$")
_PARTICLES = frozenset(
    """
    de du des la le les van von der den ben bin el al da dos di st ste saint sainte et dit
    m mr mme mlle me dr dre pr prof docteur professeur monsieur madame mademoiselle mrs ms miss doctor jr sr
    """.split()  # noqa: SIM905 - a list of quoted words is no easier to read
)
_SHORT_NAME = 2
_SHORT_WORDS = frozenset(
    """
    age ami ans bas cas des dos due eau est fin les lit mai mer mon nez non oui par pas sel ses son sur une vie vue
    all and any are but can day did for get had has her him his how its led low man may new not now old one our out
    put sat saw see set she the too two use was way who why you ill arm leg eye ear hip
    """.split()  # noqa: SIM905 - a list of quoted words is no easier to read
)
_MIN_NUMBER, _MIN_TEXT = 4, 3
_MAX_GAP = 4
_MONTHS = (
    ("janvier", "janv", "january", "jan"),
    ("fevrier", "fevr", "fev", "february", "feb"),
    ("mars", "march", "mar"),
    ("avril", "avr", "april", "apr"),
    ("mai", "may"),
    ("juin", "june", "jun"),
    ("juillet", "juil", "july", "jul"),
    ("aout", "august", "aug"),
    ("septembre", "sept", "september", "sep"),
    ("octobre", "oct", "october"),
    ("novembre", "nov", "november"),
    ("decembre", "dec", "december"),
)


class KnownRecognizer(EntityRecognizer):  # type: ignore[misc]
    """Finds one identity; made for one patient's notes and handed to the analyzer as an ad hoc recognizer."""

    def __init__(self, identity: Identity) -> None:
        self._names = frozenset(_name_words((*identity.names, *identity.relatives)))
        self._needles = tuple(sorted({pair for pair in _needles(identity) if pair[1]}, key=lambda pair: -len(pair[1])))
        super().__init__(
            supported_entities=[PERSON, DATE, PHONE, EMAIL, NIR, HOSPITAL_NUMBER, ADDRESS],
            name="known",
            supported_language=LANGUAGE,
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Every place where the identity is written."""
        folded = fold(text)
        found = [(PERSON, *span) for span in self._find_names(text, folded)]
        found += self._find_needles(folded)
        return [RecognizerResult(entity, start, end, 1.0) for entity, start, end in found if entity in entities]

    def _find_names(self, text: str, folded: str) -> Iterator[tuple[int, int]]:
        start = end = -1
        for match in _WORD.finditer(folded):
            if not self._is_name(match[0], text[match.start()]):
                continue
            if end >= 0 and _BETWEEN.fullmatch(folded, end, match.start()):
                end = match.end()
                continue
            if end >= 0:
                yield start, end
            start, end = match.span()
            initial = _INITIAL_BEFORE.search(text, max(0, start - 9), start)
            if initial:
                start = initial.start()
        if end >= 0:
            yield start, end

    def _is_name(self, word: str, first: str) -> bool:
        stem = word.rstrip("0123456789")
        if word not in self._names and stem not in self._names:
            return False
        # Some names are also words (an, mai, may): only a capital, or figures behind, makes them names.
        ambiguous = len(stem) <= _SHORT_NAME or stem in _SHORT_WORDS
        return not ambiguous or first.isupper() or word != stem

    def _find_needles(self, folded: str) -> list[tuple[str, int, int]]:
        squeezed = _squeeze(folded)
        hits = []
        places: list[int] = []
        for entity, needle in self._needles:
            at = squeezed.find(needle)
            while at >= 0:
                # Only a note that holds a needle pays for the table of places.
                places = places or [index for index, character in enumerate(folded) if character.isalnum()]
                span = places[at : at + len(needle)]
                if _is_whole(folded, span):
                    hits.append((entity, span[0], span[-1] + 1))
                at = squeezed.find(needle, at + 1)
        return hits


def _is_whole(folded: str, span: list[int]) -> bool:
    """Nothing is glued to the find, and its characters stand close together."""
    before, after = span[0] - 1, span[-1] + 1
    if (before >= 0 and folded[before].isalnum()) or (after < len(folded) and folded[after].isalnum()):
        return False
    return all(right - left <= _MAX_GAP for left, right in pairwise(span))


def _squeeze(folded: str) -> str:
    return "".join(filter(str.isalnum, folded))


def _name_words(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        words = [word for word in _PIECE.findall(fold(name)) if word not in _PARTICLES]
        compounds = ["".join(_PIECE.findall(part)) for part in fold(name).split()]
        for word in (*words, *compounds, "".join(words)):
            stem = word.rstrip("0123456789")
            for form in {word, stem, stem.replace("oe", "œ"), stem.replace("œ", "oe")}:
                if len(form) > 1:
                    yield form


def _needles(identity: Identity) -> Iterator[tuple[str, str]]:
    for number in identity.numbers:
        squeezed = _squeeze(fold(number))
        if len(squeezed) >= _MIN_NUMBER:
            # Shape, not key: a number that the source has wrong is in the notes too.
            is_ins = is_nir(squeezed[:13])
            yield NIR if is_ins else HOSPITAL_NUMBER, squeezed
            # An INS is also written without its key.
            if is_ins and len(squeezed) == 15:
                yield NIR, squeezed[:13]
    for phone in identity.phones:
        digits = "".join(filter(str.isdigit, phone))
        if len(digits) >= _MIN_NUMBER:
            yield PHONE, digits
        if len(digits) >= 9:
            yield from ((PHONE, prefix + digits[-9:]) for prefix in ("0", "33", "330", "0033", ""))
    yield from ((EMAIL, _squeeze(fold(email))) for email in identity.emails if len(_squeeze(email)) >= _MIN_TEXT)
    for address in identity.addresses:
        for piece in (address, *regex.split(r"[,;\n]", address)):
            if len(_squeeze(piece)) >= _MIN_TEXT:
                yield ADDRESS, _squeeze(fold(piece))
    if identity.birth_date:
        yield from ((DATE, form) for form in _date_forms(identity.birth_date))


def _date_forms(text: str) -> Iterator[str]:
    try:
        born = date.fromisoformat(text[:10])
    except ValueError:
        yield _squeeze(fold(text))
        return
    days, months = {str(born.day), f"{born.day:02d}"}, {str(born.month), f"{born.month:02d}"}
    years = {f"{born.year:04d}", f"{born.year % 100:02d}"}
    for day in days:
        for year in years:
            yield from (day + month + year for month in months)
            yield from (day + word + year for word in _MONTHS[born.month - 1])
            yield from (word + day + year for word in _MONTHS[born.month - 1])
        yield from (month + day + f"{born.year:04d}" for month in months)
        yield from (f"{born.year:04d}" + month + day for month in months)

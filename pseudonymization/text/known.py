"""Finds in a note what its patient's source says of the patient: no expression is built, so none can leak.

Text and identity are compared as `Plain` folds them, without separators: `12, Rue de l'Église` finds
`12 rue de l'eglise`, `06.12.34.56.78` finds `+33 6 12 34 56 78`, `Le Bihan` finds `LE-BIHAN` and `L E B I H A N`.
A name of five letters or more is also found with a letter wrong, missing, added or swapped (two from nine on).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pseudonymization.nir import is_nir
from pseudonymization.text.found import (
    ADDRESS,
    BIRTH_DATE,
    EMAIL,
    HOSPITAL_NUMBER,
    NIR,
    PERSON,
    PHONE,
    Found,
)
from pseudonymization.text.identity import Identity
from pseudonymization.text.page import Page, page_of
from pseudonymization.text.plain import Plain

_PIECE = re.compile(rb"[a-z]+")
_INITIAL_BEFORE = re.compile(rb"(?:\b[A-Z]\.[ \-]?){1,3}$")
_PARTICLES = frozenset(
    b"""
    de du des la le les van von der den ben bin el al da dos di st ste saint sainte et dit y d l
    m mr mme mlle me dr dre pr prof docteur professeur monsieur madame mademoiselle mrs ms miss doctor jr sr
    """.split()
)
_SHORT_NAME = 2
_SHORT_WORDS = frozenset(
    b"""
    age ami ans bas cas des dos due eau est fin les lit mai mer mon nez non oui par pas sel ses son sur une vie vue
    all and any are but can day did for get had has her him his how its led low man may new not now old one our out
    put sat saw see set she the too two use was way who why you ill arm leg eye ear hip
    """.split()
)
_SHORTEST_NEAR, _NEAR, _VERY_NEAR = 4, 5, 9
_MIN_NUMBER, _MIN_TEXT, _MIN_NAME = 4, 3, 5
_MAX_GAP = 4
_NOT_ALNUM = bytes(code for code in range(256) if not (48 <= code < 58 or 97 <= code < 123))
_ALNUM = re.compile(rb"[a-z0-9]")
# Words that are in no dictionary and do no other work: only they can be a name that is spelt wrong.
_STRANGE = re.compile(r"[^wWVCKnqfrtkpPemI]")
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


class Known:
    """One identity made ready to be searched; see `known_of`."""

    def __init__(self, identity: Identity) -> None:
        self._names = frozenset(_name_words((*identity.names, *identity.relatives)))
        self._near = tuple(sorted(name.decode() for name in self._names if len(name) >= _NEAR))
        names = [(PERSON, name) for name in self._names if len(name) >= _MIN_NAME]
        self._needles = tuple({*_needles(identity), *names})
        self._birth = _BirthDate.of(identity.birth_date)

    def find(self, page: Page) -> list[Found]:
        """Every place of a page where the identity is written."""
        words = page.words()
        found = list(self._find_names(page, words))
        found += self._find_needles(page.plain.lower)
        return found

    def _find_names(self, page: Page, words: list[bytes]) -> Iterator[Found]:
        wanted = self._names.intersection(words) | self._near_misses(page, words)
        if not wanted:
            return
        places, lower, cased = page.places, page.plain.lower, page.plain.cased
        hits: list[tuple[int, int]] = []
        for at, word in enumerate(words):
            if word not in wanted:
                continue
            start, end = places[2 * at], places[2 * at + 1]
            numbered = end
            while numbered < len(lower) and 48 <= lower[numbered] < 58:
                numbered += 1
            # Some names are also words (an, mai, may): only a capital, or figures behind, makes them names.
            ambiguous = len(word) <= _SHORT_NAME or word in _SHORT_WORDS
            if ambiguous and numbered == end and not 65 <= cased[start] < 91:
                continue
            if hits and _joined(page, words, hits[-1][1], at):
                hits[-1] = (hits[-1][0], at)
            else:
                hits.append((at, at))
        for first, last in hits:
            start, end = places[2 * first], places[2 * last + 1]
            while end < len(lower) and 48 <= lower[end] < 58:
                end += 1
            initial = _INITIAL_BEFORE.search(cased, max(0, start - 12), start)
            yield Found(initial.start() if initial else start, end, PERSON, 1.0, "known identity")

    def _near_misses(self, page: Page, words: list[bytes]) -> set[bytes]:
        """Words that nobody's language holds and that are nearly one of the names."""
        if not self._near:
            return set()
        strange = {words[match.start()] for match in _STRANGE.finditer(page.classes[1::2])}
        choices = [word.decode() for word in strange if len(word) >= _SHORTEST_NEAR]
        near: set[bytes] = set()
        for name in self._near:
            most = 2 if len(name) >= _VERY_NEAR else 1
            hits = process.extract(name, choices, scorer=OSA.distance, score_cutoff=most, limit=None)
            near.update(word.encode() for word, _, _ in hits)
        return near

    def _find_needles(self, lower: bytes) -> list[Found]:
        squeezed = lower.translate(None, _NOT_ALNUM)
        hits = [
            (entity, at, at + len(needle)) for entity, needle in self._needles for at in _places_of(needle, squeezed)
        ]
        if self._birth is not None:
            hits += [(BIRTH_DATE, start, end) for start, end in self._birth.find(squeezed)]
        if not hits:
            return []
        # Only a note that holds a needle pays for the table of places.
        places = [match.start() for match in _ALNUM.finditer(lower)]
        spans = ((entity, places[start:end]) for entity, start, end in hits)
        return [
            Found(span[0], span[-1] + 1, entity, 1.0, "known identity")
            for entity, span in spans
            if _is_whole(lower, span)
        ]


class KnownRecognizer(EntityRecognizer):  # type: ignore[misc]
    """`Known` for an analyzer; made for one patient's notes and handed over as an ad hoc recognizer."""

    def __init__(self, identity: Identity, language: str = "fr") -> None:
        self._known = known_of(identity)
        super().__init__(
            supported_entities=[PERSON, BIRTH_DATE, PHONE, EMAIL, NIR, HOSPITAL_NUMBER, ADDRESS],
            name="known",
            supported_language=language,
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """Every place where the identity is written."""
        page = page_of(text, self.supported_language)
        return [
            RecognizerResult(one.entity, *page.plain.span(one.start, one.end), one.score)
            for one in self._known.find(page)
            if one.entity in entities
        ]


@lru_cache(maxsize=1024)
def known_of(identity: Identity) -> Known:
    """An identity made ready; notes of one patient come together."""
    return Known(identity)


def _joined(page: Page, words: list[bytes], left: int, right: int) -> bool:
    """Whether only particles and small gaps stand between two words."""
    if right - left > 4 or not all(words[at] in _PARTICLES for at in range(left + 1, right)):
        return False
    lower, places = page.plain.lower, page.places
    gaps = (lower[places[2 * at - 1] : places[2 * at]] for at in range(left + 1, right + 1))
    return all(len(gap) <= 8 and not gap.lstrip(b"0123456789").strip(b" -'.,\n") for gap in gaps)


def _is_whole(lower: bytes, span: list[int]) -> bool:
    """Nothing is glued to the find, and its characters stand close together."""
    before, after = span[0] - 1, span[-1] + 1
    if (before >= 0 and _ALNUM.match(lower, before)) or (after < len(lower) and _ALNUM.match(lower, after)):
        return False
    return all(right - left <= _MAX_GAP for left, right in pairwise(span))


def _fold(text: str) -> bytes:
    return Plain(text).lower


def _squeeze(text: str) -> bytes:
    return _fold(text).translate(None, _NOT_ALNUM)


def _name_words(names: Iterable[str]) -> Iterator[bytes]:
    for name in names:
        for spelt in {name, name.replace("œ", "oe").replace("Œ", "OE"), name.replace("æ", "ae").replace("Æ", "AE")}:
            folded = _fold(spelt)
            words = [word for word in _PIECE.findall(folded) if word not in _PARTICLES]
            compounds = [b"".join(_PIECE.findall(part)) for part in folded.split()]
            for word in {*words, *compounds, b"".join(words)} - _PARTICLES:
                if len(word) > 1:
                    yield from (word, word.replace(b"oe", b"o"))


def _needles(identity: Identity) -> Iterator[tuple[str, bytes]]:
    for number in identity.numbers:
        squeezed = _squeeze(number)
        if len(squeezed) >= _MIN_NUMBER:
            # Shape, not key: a number that the source has wrong is in the notes too.
            is_ins = is_nir(squeezed[:13].decode())
            yield NIR if is_ins else HOSPITAL_NUMBER, squeezed
            # An INS is also written without its key.
            if is_ins and len(squeezed) == 15:
                yield NIR, squeezed[:13]
    for phone in identity.phones:
        digits = bytes(byte for byte in _squeeze(phone) if byte < 58)
        if len(digits) >= _MIN_NUMBER:
            yield PHONE, digits
        if len(digits) >= 9:
            yield from ((PHONE, prefix + digits[-9:]) for prefix in (b"0", b"33", b"330", b"0033", b""))
    yield from ((EMAIL, _squeeze(email)) for email in identity.emails if len(_squeeze(email)) >= _MIN_TEXT)
    for address in identity.addresses:
        for piece in (address, *re.split(r"[,;\n]", address)):
            if len(_squeeze(piece)) >= _MIN_TEXT:
                yield ADDRESS, _squeeze(piece)
    if identity.birth_date and _day_of(identity.birth_date) is None and len(_squeeze(identity.birth_date)) >= _MIN_TEXT:
        yield BIRTH_DATE, _squeeze(identity.birth_date)


def _places_of(needle: bytes, squeezed: bytes) -> Iterator[int]:
    at = squeezed.find(needle)
    while at >= 0:
        yield at
        at = squeezed.find(needle, at + 1)


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


class _BirthDate:
    """A day in every order, in figures and in words: its year is looked for, then what stands beside it."""

    def __init__(self, born: date) -> None:
        days, months = {f"{born.day}", f"{born.day:02d}"}, {f"{born.month}", f"{born.month:02d}"}
        words = _MONTHS[born.month - 1]
        self._year, self._short = f"{born.year:04d}".encode(), f"{born.year % 100:02d}".encode()
        in_order = [day + month for day in days for month in (*months, *words)]
        in_order += [word + day for word in words for day in days]
        turned = [month + day for month in months for day in days]
        self._before_short = tuple(form.encode() for form in in_order)
        self._before = tuple(form.encode() for form in {*in_order, *turned})
        self._after = tuple(form.encode() for form in turned)

    @classmethod
    def of(cls, text: str | None) -> _BirthDate | None:
        """Of a date in ISO 8601; None for anything else."""
        born = _day_of(text) if text else None
        return None if born is None else cls(born)

    def find(self, squeezed: bytes) -> Iterator[tuple[int, int]]:
        """Where the day is written in a note without separators."""
        for at in _places_of(self._short, squeezed):
            end = at + 2
            yield from ((at - len(form), end) for form in _ending(squeezed, self._before_short, at))
            if squeezed[at - 2 : end] == self._year:
                yield from ((at - 2 - len(form), end) for form in _ending(squeezed, self._before, at - 2))
                yield from ((at - 2, end + len(form)) for form in self._after if squeezed.startswith(form, end))


def _ending(squeezed: bytes, forms: tuple[bytes, ...], at: int) -> list[bytes]:
    return [form for form in forms if squeezed.endswith(form, 0, at)] if squeezed.endswith(forms, 0, at) else []

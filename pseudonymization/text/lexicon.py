"""What words are: given name, surname, word of the language, word of care, eponym.

| what | from |
|---|---|
| 35,000 given names and 219,000 surnames of France, most frequent first | package `prenoms` (INSEE, public domain) |
| 250,000 French and 80,000 English words and their forms | package `simplemma` (MIT) |
| titles, roles, kinship, eponyms, medicines, words of care and of headers | `words/*.txt`, written for this project |

Everything is folded as `Plain` folds (lower case, no accents), as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from simplemma.strategies.dictionaries import DefaultDictionaryFactory

from pseudonymization.text.plain import Plain

LANGUAGES = ("fr", "en")

_FREQUENT_GIVEN, _KNOWN_GIVEN, _RARE_GIVEN = 1_500, 15_000, 8_000
_FREQUENT_FAMILY = 5_000
_LONGEST_ACRONYM = 5

_MEDICAL_FORM = re.compile(
    rb".{2,}(?:ites?|oses?|osique|ectomie|otomie|ostomie|plasties?|graphi(?:e|es|que)|grammes?|scopies?|pathi(?:e|es|que)|emies?|uries?"
    rb"|algies?|logi(?:e|es|que|ques)|logues?|therapies?|plegies?|penies?|cytoses?|trophi(?:e|es|que)|phagies?|phasies?|pnee"
    rb"|rragies?|rrhees?|omes?|oides?|iques?|aires?|tions?|ments?|ismes?|istes?|mab|nib|olol|pril|sartan|statine|cilline|mycine"
    rb"|floxacine|azole|tidine|setron|dipine|oxetine|azepam|zolam|triptan|gliptine|gliflozine|parine|grel|xaban|platine"
    rb"|rubicine|taxel|ciclib|lukast|terol|tropium|solone|caine|thiazide|amide|amine|cycline|vudine|navir|tegravir|buvir|xine|ase|yl)"
)

NAME_CLASSES = "GgSsXZImAEWV"
"""Classes of words with a capital that may stand in a name; see `Lexicon.word_class`."""


class Lexicon:
    """Gives each word its class, one character; made once for a language by `lexicon`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._given = _ranks(_lines("prenoms", "dist.prenoms.txt"))
        self._family = _ranks(_lines("prenoms", "dist.noms.txt"))
        self._common: set[bytes] = set()
        for one in LANGUAGES if language == "en" else (language,):
            known = DefaultDictionaryFactory().get_dictionary(one)
            self._common.update(Plain("\n".join(known)).lower.split(b"\n"))
        self._kinds = _kinds()
        self._eponyms = _words("eponyms.txt")
        self._structure = _words("structure.txt")
        self._care = _words("drugs.txt") | _words("care.txt")

    def frequent_given(self, most: int) -> list[str]:
        """The most frequent given names, folded."""
        return _most_frequent(self._given, most)

    def frequent_family(self, most: int) -> list[str]:
        """The most frequent surnames, folded."""
        return _most_frequent(self._family, most)

    def word_class(self, token: bytes) -> str:
        """The class of a token of `Plain.cased` that is made of letters.

        With a capital: `G` given name, `g` rare one or one that is a word too, `S` surname, `s` surname that is a word
        too, `X` unknown, `Z` unknown in capitals, `I` initial, `m` M or MM, `A` acronym, `E` eponym, `W` word, `V` word
        in capitals, `K` word of headers, `P` particle.
        In any case: `t` title, `r` role, `k` kinship, `n` label of a name, `q` by, `p` particle, `e` what eponyms name,
        `f` sign or signed.
        Without: `y` given name, `x` surname, `u` unknown, `w` word.
        """
        word = token.lower()
        function = self._function(token, word)
        if function:
            return function
        if token[:1] == word[:1]:
            return self._lower_class(word)
        return self._capital_class(token, word)

    def _function(self, token: bytes, word: bytes) -> str:
        if token == b"M" or token == b"MM":
            return "m"
        if token[1:] == b"\xb0":
            return "K"
        if len(token) == 1 and token.isupper():
            return "I"
        if word in self._kinds["titles"] or token == b"Me":
            return "t"
        if word in self._kinds["particles"]:
            return "p" if token[:1] == word[:1] else "P"
        if word in self._kinds["kinship"]:
            return "k"
        if word in self._kinds["labels"]:
            return "n"
        if word in self._kinds["by"]:
            return "q"
        if word in self._kinds["sign-or-signed"]:
            return "f"
        if word in self._kinds["roles"] or token in (b"IDE", b"ASH", b"IBODE", b"IADE"):
            return "r"
        if word in self._kinds["named-after"]:
            return "e"
        return ""

    def _lower_class(self, word: bytes) -> str:
        if (
            len(word) < 3
            or word in self._common
            or word in self._care
            or word in self._structure
            or word in self._eponyms
        ):
            return "w"
        if self._given.get(word, _KNOWN_GIVEN) < _KNOWN_GIVEN // 3:
            return "y"
        return "w" if _MEDICAL_FORM.fullmatch(word) else "x" if word in self._family else "u"

    def _is_given(self, word: bytes) -> bool:
        rank = self._given.get(word)
        if rank is None or word in self._kinds["word-names"] or word in self._care:
            return False
        return rank < (_FREQUENT_GIVEN if word in self._common else _KNOWN_GIVEN)

    def _capital_class(self, token: bytes, word: bytes) -> str:
        if word in self._structure:
            return "K"
        given = self._is_given(word) and len(word) > 2
        if word in self._eponyms and not (given and self._given[word] < _FREQUENT_GIVEN):
            return "E"
        if given:
            return "G"
        if word in self._care:
            return "W"
        common = word in self._common
        if word in self._given and len(word) > 2 and self._given[word] < _RARE_GIVEN:
            return "g"
        rank = self._family.get(word)
        if rank is not None and len(word) > 2:
            if not common:
                return "A" if token.isupper() and len(word) <= 3 else "S"
            return "s" if rank < _FREQUENT_FAMILY else "V" if token.isupper() else "W"
        if common:
            return "V" if token.isupper() else "W"
        if token.isupper():
            if len(token) <= _LONGEST_ACRONYM:
                return "A"
            return "W" if _MEDICAL_FORM.fullmatch(word) else "Z"
        if len(token) == 2:
            return "I"
        return "W" if _MEDICAL_FORM.fullmatch(word) else "X"


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language: half a second and 80 MB, once for a process."""
    return Lexicon(language)


def _lines(package: str, name: str) -> list[bytes]:
    return Plain(files(package).joinpath(name).read_text(encoding="utf-8")).lower.split(b"\n")


def _ranks(names: Iterable[bytes]) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for rank, name in enumerate(names):
        # A compound is found by its parts.
        if name.isalpha():
            ranks.setdefault(name, rank)
    return ranks


def _most_frequent(ranks: dict[bytes, int], most: int) -> list[str]:
    return [name.decode() for name, rank in ranks.items() if rank < most and len(name) > 2]


def _words(name: str) -> frozenset[bytes]:
    return frozenset(word.encode() for line in words_of(name) for word in line.split())


def _kinds() -> dict[str, frozenset[bytes]]:
    kinds: dict[str, set[bytes]] = {}
    current: set[bytes] = set()
    for line in words_of("kinds.txt"):
        if line.endswith(":"):
            current = kinds.setdefault(line[:-1], set())
        else:
            current.update(word.encode() for word in line.split())
    return {name: frozenset(words) for name, words in kinds.items()}


def words_of(name: str) -> list[str]:
    """The lines of a list of `words/`, without its remarks."""
    text = files("pseudonymization.text").joinpath("words", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]

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
_FREQUENT_FAMILY, _BORNE = 5_000, 20_000
_LONGEST_ACRONYM = 5

_MEDICAL_FORM = re.compile(
    rb".{2,}(?:ites?|oses?|osique|ectomie|otomie|ostomie|plasties?|graphi(?:e|es|que)|grammes?|scopies?|pathi(?:e|es|que)|emies?|uries?"
    rb"|algies?|logi(?:e|es|que|ques)|logues?|therapies?|plegies?|penies?|cytoses?|trophi(?:e|es|que)|phagies?|phasies?|pnee"
    rb"|rragies?|rrhees?|omes?|oides?|iques?|aires?|tions?|ments?|ismes?|istes?|mab|nib|olol|pril|sartan|statine|cilline|mycine"
    rb"|floxacine|azole|tidine|setron|dipine|oxetine|azepam|zolam|triptan|gliptine|gliflozine|parine|grel|xaban|platine"
    rb"|rubicine|taxel|ciclib|lukast|terol|tropium|solone|caine|thiazide|amide|amine|cycline|vudine|navir|tegravir|buvir|xine|ase|yl)"
)

_ENGLISH_FORM = re.compile(
    rb".{2,}(?:itis|osis|otic|ectomy|otomy|ostomy|plasty|graphy|graphic|gram|scopy|scopic|pathy|emia|emic|uria|algia|logy"
    rb"|logist|therapy|plegia|penia|cytosis|trophy|phagia|phasia|pnea|rrhea|rrhage|oma|omas|oid|crit|globin|philia|asis"
    rb"|mab|nib|olol|alol|dilol|pril|sartan|statin|cillin|penem|mycin|micin|oxacin|azole|azoline|azolin|tidine|setron"
    rb"|dipine|oxetine|faxine|azepam|zolam|zepine|apine|peridol|idone|triptan|gliptin|gliflozin|glutide|glitazone|glinide"
    rb"|parin|grel|grelor|xaban|platin|rubicin|taxel|ciclib|parib|lukast|terol|tropium|solone|sone|terone|trozole|caine"
    rb"|thiazide|amide|amine|cycline|vudine|citabine|navir|tegravir|buvir|asvir|previr|desivir|cyclovir|ciclovir|oxine"
    rb"|codone|morphone|profen|olac|xicam|azine|alazine|rizine|astine|tadine|triptyline|pramine|barbital|fibrate|dronate"
    rb"|semide|zolamide|lactone|thyroxine|zodone|piprazole|prazole|triaxone|tonin|uronium|ylline|azosin|olimus|gabalin"
    rb"|pentin|racetam|toin|azepine|pidem|clone|melteon|pezil|tigmine|nidazole|quine|furantoin|prim|cept|grastim|relin"
    rb"|relide|relix|steride|triol|calcet|velamer|phenolate|curium|flurane|inone|phrine|pressin|camide|tilide|zide|bide"
    rb"|mide|mibe|prine|anidine|losin|ynin|nesin|ofen|ralfate|usate|alopram|azapine|tiapine|dopa|antine|exin|ase)"
)

NAME_CLASSES = "GgSsXZImAEBWVC"
"""Classes of words with a capital that may stand in a name; see `Lexicon.word_class`."""


class Lexicon:
    """Gives each word its class, one character; made once for a language by `lexicon`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._given = _ranks(_lines("prenoms", "dist.prenoms.txt"))
        self._family = _ranks(_lines("prenoms", "dist.noms.txt"))
        self._common: set[bytes] = set()
        for one in (language,):
            known = DefaultDictionaryFactory().get_dictionary(one)
            words = Plain("\n".join(known)).cased.split(b"\n")
            self._common.update(word.lower() for word in words if one != "en" or not self._names_somebody(word))
        self._kinds = _kinds()
        self._eponyms = _words("eponyms.txt")
        self._structure = _words("structure.txt")
        self._care = _words("drugs.txt") | _words("care.txt")
        self._named_after = self._kinds["named-after"]
        self._form = _MEDICAL_FORM
        self._care_class = "W"
        if language == "en":
            self._eponyms |= _words("eponyms_en.txt")
            self._care |= _words("drugs_en.txt") | _words("care_en.txt")
            self._named_after |= self._kinds["named-after-in-english"]
            self._form = _ENGLISH_FORM
            # In English a word may end a name (`Isaac Heath`), one of care may not (`Isaac Insulin`).
            self._care_class = "C"

    def frequent_given(self, most: int) -> list[str]:
        """The most frequent given names, folded."""
        return _most_frequent(self._given, most)

    def frequent_family(self, most: int) -> list[str]:
        """The most frequent surnames, folded."""
        return _most_frequent(self._family, most)

    def _names_somebody(self, word: bytes) -> bool:
        """Whether an entry of the English dictionary, which has proper nouns, is a given name or a surname."""
        lower = word.lower()
        return word[:1] != lower[:1] and (self._given.get(lower, _KNOWN_GIVEN) < _KNOWN_GIVEN or lower in self._family)

    def _could_be_somebody(self, word: bytes) -> bool:
        """Whether an eponym is a name that people bear now: `Murphy`, not `Doppler`."""
        return self._given.get(word, _KNOWN_GIVEN) < _KNOWN_GIVEN or self._family.get(word, _BORNE) < _BORNE

    def word_class(self, token: bytes) -> str:
        """The class of a token of `Plain.cased` that is made of letters.

        With a capital: `G` given name, `g` rare one or one that is a word too, `S` surname, `s` surname that is a word
        too, `X` unknown, `Z` unknown in capitals, `I` initial, `m` M or MM, `A` acronym, `E` eponym, `W` word, `V` word
        in capitals, `K` word of headers, `P` particle; in English `C` word of care, `B` eponym of old.
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
        if word in self._named_after:
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
        return "w" if self._form.fullmatch(word) else "x" if word in self._family else "u"

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
            return "E" if self.language != "en" or self._could_be_somebody(word) else "B"
        if given:
            return "G"
        if word in self._care:
            return self._care_class
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
            return self._care_class if self._form.fullmatch(word) else "Z"
        if len(token) == 2:
            return "I"
        return self._care_class if self._form.fullmatch(word) else "X"


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

"""What words are: given name, surname, word of the language, word of care, eponym.

| what | from |
|---|---|
| 35,000 given names and 219,000 surnames borne in France, most frequent first | package `prenoms` (INSEE, public domain; MIT) |
| 250,000 French and 80,000 English words and their forms | package `simplemma` (MIT) |
| eponyms, medicines, words of care, words of headers | `words/*.txt`, written for this project |

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

# Given names and surnames that are first of all words: a capital alone does not make them names.
_WORD_NAMES = frozenset(
    b"""
    pierre rose marine jade claire violette aime constant parfait blanche fleur ambre prune olive clemence victoire ange noel avril
    mai juste sage fer clos iris lys soleil aurore cerise prudence constance desire fortune modeste felicite aimee reine roman
    martial vital colombe perle dune capucine hortense melissa lilas saint sainte come bienvenue loup merlin oceane celeste
    will grace faith hope joy summer mark frank bill grant dean rich art may june april august sunny bond major drew chase guy
    """.split()
)
_PARTICLES = frozenset(b"de du des d la le les l von van der den ter ten ben bin el al ait da dos do di del della y st ste".split())
_TITLES = frozenset(
    b"""
    monsieur messieurs madame mesdames mademoiselle mlle mlles mme mmes mrs mr ms miss docteur docteure docteurs dr drs dre doctor
    prof professeur professeure professeurs pr maitre mgr sir melle mle sr pt
    """.split()
)
_ROLES = frozenset(
    b"""
    interne internes externe infirmier infirmiere infirmieres kinesitherapeute kine secretaire praticien medecin medecins
    chirurgien chirurgienne
    anesthesiste psychologue orthophoniste dieteticienne dieteticien sagefemme puericultrice ergotherapeute pharmacien pharmacienne
    dentiste cardiologue pneumologue neurologue radiologue urologue nephrologue dermatologue gynecologue pediatre psychiatre rhumatologue
    cadre patient patiente enfant nurse patient's
    """.split()
)
_KIN = frozenset(
    b"""
    epoux epouse mari femme fils fille filles frere freres soeur sour pere mere compagnon compagne conjoint conjointe niece neveu ami amie
    oncle tante cousin cousine parrain marraine voisin voisine tuteur tutrice curateur curatrice veuve veuf wife husband son daughter mother
    father brother sister uncle aunt nephew cousin friend partner
    """.split()
)
_LABELS = frozenset(
    b"""
    nom noms prenom prenoms nomme nommee prenomme prenommee appelle appele name named operateur operateurs anesthesistes partenaire
    correspondant correspondants referent referents redacteur auteur signataire destinataire valideur prescripteur contact
    called surname nee
    """.split()
)
_BY = frozenset(b"par by pour cher chere dear attention".split())
_EPONYM_WORDS = frozenset(
    b"""
    maladie syndrome signe signes score scores classification test manoeuvre manouvre echelle anneau virus intervention critere criteres triade
    loi bacille bacilles ligament canal espace sonde drain trou tendon cul ampoule technique operation methode formule index indice
    reflexe angle point coloration paralysie noeud faisceau corps ganglion ganglions tumeur lymphome sarcome cellule cellules anse
    disease sign scale criteria procedure reaction fracture luxation pansement voie incision lame pince aiguille stade grade
    """.split()
)
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
        self._eponyms = _words("eponyms.txt")
        self._structure = _words("structure.txt")
        self._care = _words("drugs.txt") | _words("care.txt")

    def is_name(self, word: bytes) -> bool:
        """Whether a folded word is borne as a name, and is no word of the language."""
        return self._is_given(word) or (word in self._family and word not in self._common and word not in self._care)

    def word_class(self, token: bytes) -> str:
        """The class of a token of `Plain.cased` that is made of letters.

        With a capital: `G` given name, `g` rare one or one that is a word too, `S` surname, `s` surname that is a word too,
        `X` unknown, `Z` unknown in capitals, `I` initial, `A` acronym, `E` eponym, `W` word, `V` word in capitals, `K` word of headers, `P` particle, `m` M or MM.
        In any case: `t` title, `r` role, `k` kinship, `n` label of a name, `q` by, `p` particle, `e` what eponyms name.
        Without: `y` given name, `x` surname, `w` word.
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
        if word in _TITLES or token == b"Me":
            return "t"
        if word in _PARTICLES:
            return "p" if token[:1] == word[:1] else "P"
        if word in _KIN:
            return "k"
        if word in _LABELS:
            return "n"
        if word in _BY:
            return "q"
        if word in _ROLES or token in (b"IDE", b"ASH", b"IBODE", b"IADE"):
            return "r"
        if word in _EPONYM_WORDS:
            return "e"
        return ""

    def _lower_class(self, word: bytes) -> str:
        if len(word) < 3 or word in self._common or word in self._care or word in self._structure or word in self._eponyms:
            return "w"
        if self._given.get(word, _KNOWN_GIVEN) < _KNOWN_GIVEN // 3:
            return "y"
        return "x" if word in self._family and not _MEDICAL_FORM.fullmatch(word) else "w"

    def _is_given(self, word: bytes) -> bool:
        rank = self._given.get(word)
        if rank is None or word in _WORD_NAMES or word in self._care:
            return False
        return rank < (_FREQUENT_GIVEN if word in self._common else _KNOWN_GIVEN)

    def _capital_class(self, token: bytes, word: bytes) -> str:
        if word in self._structure:
            return "K"
        if self._is_given(word) and len(word) > 2:
            return "G"
        if word in self._eponyms:
            return "E"
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


def _words(name: str) -> frozenset[bytes]:
    lines = files("pseudonymization.text").joinpath("words", name).read_text(encoding="utf-8").splitlines()
    return frozenset(word.encode() for line in lines if not line.startswith("#") for word in line.split())

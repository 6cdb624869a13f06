"""Names of people: after a title, a role or a kinship; initials with a surname; known given names.

A surname alone, with nothing that announces it, is not found: the patient's own comes from the source
(`known.py`), a third person's does not.
"""

from __future__ import annotations

from typing import Any

import regex  # type: ignore[import-untyped]
from presidio_analyzer import RecognizerResult

from pseudonymization.text.fold import fold
from pseudonymization.text.given_names import GIVEN_NAMES
from pseudonymization.text.rules import PERSON, TIMEOUT_SECONDS, RuleRecognizer, rule

# Words that are written with a capital next to a name without being part of it.
_STOP = (
    r"(?!(?i:service|chef|t[ée]l|t[ée]l[ée]phone|fax|dates?|n[ée]e?|n[°º]|num[ée]ro|interne|consultations?|h[ôo]pital|clinique"
    r"|rpps|finess|adeli|ipp|nda|ins|nir|nip|chu|ch|praticien|m[ée]decin|cadre|secr[ée]taire|secr[ée]tariat|adresse|mail"
    r"|rdv|rendez|pour|avec|dans|par|le|la|les|un|une|des|est|a|au|aux|à|et|ou|o[ùu]|qui|que|ce|cette|il|elle|sans|son|sa"
    r"|ses|pas|sur|sous|merci|cher|ch[èe]re|confr[èe]re|patiente?s?|dossier|urgences?|op[ée]r[ée]e?|admis|admise|vue?"
    r"|hospitalis[ée]e?|adress[ée]e?|examen|examens|motif|ant[ée]c[ée]dents?|traitements?|conclusion|madame|monsieur|mme|mr"
    r"|mlle|dr|docteur|pr|professeur|sexe|[âa]ge|poids|taille|entr[ée]e|sortie|s[ée]jour|lettre|compte|ordonnance|pu|ph|mcu"
    r"|docteurs?|externe|ide|bonjour|cordialement|signature|sign[ée]|copie|insep|inc|sa|the|is|was|has|and|with|for|on)\b)"
)
_WORD = r"\p{Lu}[\p{L}\p{M}]*(?:[’'\-]\p{Lu}?\p{L}[\p{L}\p{M}]*)*[0-9]{0,4}"
_INITIALS = r"\p{Lu}\p{Ll}?(?:[ ]?[.\-]{1,2}[ ]?\p{Lu}\p{Ll}?\b)*\.?(?!\p{L})"
_TOKEN = rf"{_STOP}(?:{_INITIALS}|{_WORD})"
_PARTICLE = (
    r"(?:(?:(?i:de la|de l['’]|de|du|des|d['’]|le|la|van der|van den|van de|van|von|der|den|ben|bin|el|al|da|dos|do|di"
    r"|del|della|[ée]pouse|[ée]p\.?|veuve|n[ée]e|y|st|ste))[ ]?)"
)
_GAP = r"(?:[ \t\u00a0]{1,3}|,[ ])"
_NAME = rf"{_PARTICLE}?{_TOKEN}(?:{_GAP}{_PARTICLE}?{_TOKEN}){{0,5}}"

_TITLE = (
    r"(?<![\p{L}0-9])(?:(?i:monsieur|messieurs|madame|mesdames|mademoiselle|mlles?|mmes?|mrs|mr|ms|miss|docteur(?:e|s)?"
    r"|drs?|dre|doctor|prof|professeure?s?|ma[îi]tre|pr|m[èe]re|p[èe]re|interne|externe|infirmi[èe]re?|sage-femme"
    r"|kin[ée]sith[ée]rapeute|pt|patiente?|secr[ée]taire|praticien)|MM?|Me|IDE|AS|ASH|IBODE|IADE)"
)
_AFTER_TITLE = r"(?:\.[ \t\u00a0]{0,2}|[ \t\u00a0]{0,2}:[ \t\u00a0]{0,2}|\s{1,3})"

_ROLE = (
    r"(?i:\bsign[ée] (?:[ée]lectroniquement )?par|\bvalid[ée]e? par|\bg[ée]n[ée]r[ée] par|\b[ée]crit par"
    r"|\br[ée]dig[ée]e? par"
    r"|\bpar le|\bvue? par|\badress[ée]e? par|\bprescri(?:t|te|ptions?) (?:de|par)|\bdict[ée]e? par"
    r"|\bop[ée]rateurs?\s*:"
    r"|\bdossier de|\bfiche d[eu](?: patient)?\s?:?|\battention de"
    r"|\bnom(?: du patient| d'usage| de naissance| usuel)?\s*:"
    r"|\bpr[ée]noms?\s*:|\bpatient(?:e)?\s*:|\binternes?\s*:|\bstaff\s*:|\bm[ée]decins?[^\n:]{0,25}:|\bpartenaires?\s*:"
    r"|\bchirurgiens?\s*:|\banesth[ée]sistes?\s*:|\br[ée]f[ée]rents?\s*:|\bcorrespondants?\s*:|\brendez-vous pour"
    r"|\brdv pour"
    r"|\bnomm[ée]e?|\bpr[ée]nomm[ée]e?|\bs'appelle|\bnamed|\bname\s*:|\bsigned by|\benvoy[ée] le [0-9/]{8,10} à"
    r"|\br[ée]sultats du patient|\bun nouveau patient)"
)
_KIN = (
    r"(?i:\b(?:son|sa|ses|leur|un|une|l[ea]|du|de la|mon|ma)[ ](?:[ée]poux|[ée]pouse|mari|femme|fils|fille|fr[èe]re"
    r"|s(?:œ|oe)ur|p[èe]re|m[èe]re|compagn(?:on|e)|conjointe?|ni[èe]ce|neveu|amie?|oncle|tante|cousine?"
    r"|petite?[ -]fil(?:s|le)|beau-(?:p[èe]re|fils|fr[èe]re)|belle-(?:m[èe]re|fille|s(?:œ|oe)ur)"
    r"|grand-(?:m[èe]re|p[èe]re)|voisine?|tut(?:eur|rice)"
    r"|wife|husband|son|daughter|mother|father|brother|sister))"
)
# Organisms that are written like an initial with a surname.
_GERMS = r"(?!(?i:coli|pylori|difficile|aureus|albicans|pneumoniae|jirovecii|faecalis|cloacae|influenzae)\b)"

_BEGIN = r"(?<![\p{L}0-9.°º])"
_CAPITALS = r"\p{Lu}[\p{Lu}'’\-]+"
_SURNAME = r"\p{Lu}[\p{Lu}'’]{3,}"
_TITLED = r"\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)*"
_INITIALS_THEN_SURNAME = rf"(?P<it>\p{{Lu}}\.(?:[ \-]?\p{{Lu}}\.){{0,2}}[ ]?{_GERMS}{_STOP}\p{{Lu}}[\p{{L}}'’\-]{{2,}})"
_SURNAME_THEN_INITIALS = rf"(?P<it>{_STOP}{_CAPITALS}(?:[ ]{_CAPITALS})?[ ]\p{{Lu}}\.(?:-?\p{{Lu}}\.?)?)(?!\p{{L}})"
_PAIR = (
    rf"(?P<it>{_STOP}{_SURNAME}(?:[ \-]{_SURNAME})?[ ]{_STOP}{_TITLED}"
    rf"|{_STOP}{_TITLED}[ ]{_STOP}{_SURNAME})"
)
_PAIR_END = r"(?=\s*(?:[\n,;:|.)(\-]|$|\b(?:le|du|et|est|n[ée]e?|a)\b))"


class NameRecognizer(RuleRecognizer):
    """The rules below, then runs of capitalised words one of which is a known given name."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Names by rule, then names around a known given name."""
        found = super().analyze(text, entities, nlp_artifacts)
        if PERSON in entities:
            for match in _RUN.finditer(text, timeout=TIMEOUT_SECONDS):
                words = _PIECE.findall(fold(match[0]))
                if len(words) > 1 and not GIVEN_NAMES.isdisjoint(words):
                    found.append(RecognizerResult(PERSON, *match.span(), 0.6))
        return found


_RUN = regex.compile(rf"(?<![\p{{L}}0-9])(?:{_TOKEN})(?:{_GAP}{_PARTICLE}?{_TOKEN}){{1,5}}")
_PIECE = regex.compile(r"[^\W\d_]+")


def name_recognizer() -> NameRecognizer:
    """Names of patients, carers and relatives."""
    return NameRecognizer(
        "name",
        [
            rule(PERSON, rf"{_TITLE}{_AFTER_TITLE}(?P<it>{_NAME})", 0.85),
            rule(PERSON, rf"{_ROLE}[ \t]{{0,2}}(?:{_TITLE}{_AFTER_TITLE})?(?P<it>{_NAME})", 0.7),
            rule(PERSON, rf"{_KIN}[ ,:(]{{1,3}}(?P<it>{_NAME})", 0.7),
            rule(PERSON, _BEGIN + _INITIALS_THEN_SURNAME, 0.6),
            rule(PERSON, _BEGIN + _SURNAME_THEN_INITIALS, 0.5),
            # A surname in capitals with a given name, either way round: DUPONT Jean, Jean DUPONT.
            rule(PERSON, _BEGIN + _PAIR + _PAIR_END, 0.4),
            # `03 - NOM Prénom` lines of a list, and lines that hold a name and nothing else.
            rule(PERSON, rf"(?m)^[0-9]{{2}} - (?P<it>{_NAME})", 0.6),
        ],
    )

"""Addresses, postcodes with their town, towns that something announces, care sites; ages of 90 and more."""

from __future__ import annotations

import re

from pseudonymization.text.found import ADDRESS, AGE, HOSPITAL, Found
from pseudonymization.text.lexicon import words_of
from pseudonymization.text.page import Page
from pseudonymization.text.scan import Scan, Scans

_NUMBER_WORD = r"(?:un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|vingt|trente)"
_WAY = (
    r"(?:rue|avenue|av\.?|ave\.?|boulevard|boul\.?|bl?v?d\.?|place|pl\.|chemin|che?\.|impasse|imp\.|allees?"
    r"|route|rte|quai|cours|square|sq\."
    r"|passage|residence|lotissement|hameau|lieu[ \-]dit|faubourg|fbg|villa|cite|esplanade|promenade|montee"
    r"|sentier|ruelle|rond[ \-]point"
    r"|parvis|venelle|domaine|clos|zac|za|traverse)"
)
_WAY_AFTER = (
    r"(?:street|st\.?|road|rd\.?|lane|ln\.?|avenue|ave\.?|boulevard|blvd\.?|drive|dr\.?|court|ct\.?"
    r"|way|close|place|square|terrace|crescent|highway|hwy|parkway)"
)
_ZIP = r"(?:2[abAB] ?[0-9]{3}|[0-9]{2} ?[0-9]{3})"
_TOWN_WORD = r"[A-Z][A-Za-z']*"
_TOWN_LINK = (
    r"(?:sur|sous|les?|la|en|de|du|des|aux?|SUR|SOUS|LES?|LA|EN|DE|DU|DES|AUX?|cedex|CEDEX|Cedex"
    r"|[0-9]{1,2}\b|d'[A-Z][a-z]+|l'[A-Z][a-z]+)"
)
_TOWN = rf"{_TOWN_WORD}(?:[ \-](?:{_TOWN_LINK}|{_TOWN_WORD})){{0,6}}"

_TOWNS = "|".join(re.sub("[ -]", r"[ \-]", line) for line in words_of("towns.txt"))

_LOWER = Scans(
    Scan(
        "number and street",
        ADDRESS,
        rf"\b(?:[0-9]{{1,4}}(?:[-/][0-9]{{1,4}})?|{_NUMBER_WORD})(?: ?(?:bis|ter|quater"
        rf"|[a-d])\b)?,? {{1,2}}{_WAY} [^\n,;|:()]{{2,60}}",
        0.85,
        apart=False,
    ),
    Scan("post box", ADDRESS, r"\b(?:bp|cs|tsa|po box|p\.o\. box) ?[0-9]{2,6}\b", 0.7),
    Scan("town", ADDRESS, rf"\b(?:{_TOWNS})\b(?: cedex)?(?: [0-9]{{1,2}}\b)?", 0.55),
    Scan("code in a sentence", ADDRESS, rf"\b(?:dans le|a|au) ({_ZIP})\b", 0.5),
    Scan("code", ADDRESS, rf"\b(?:code postal|cp|zip(?: code)?)\b ?:? ?({_ZIP})\b", 0.9),
    Scan("street of Germany", ADDRESS, r"\b[a-z]+strasse ?[0-9]{1,4}\b", 0.7),
    Scan("great age", AGE, r"\b(9[0-9]|1[01][0-9]) ?(?:ans\b|years? old|y/?o\b|-year-old|a\b)", 0.7),
    Scan("door", ADDRESS, r"\b(?:appt?|appartement|apt|suite|studio|porte)\.? ?(?:n\xb0)? ?[0-9]{1,4}[a-z]?\b", 0.5),
)
_CASED = Scans(
    Scan("code and town", ADDRESS, rf"\b{_ZIP}[ ,\-]{{1,3}}{_TOWN}", 0.85),
    Scan("town and code", ADDRESS, rf"\b{_TOWN},? \(?{_ZIP}\)?", 0.6),
    Scan(
        "street of England",
        ADDRESS,
        rf"\b[0-9]{{1,6}}[A-Za-z]?(?: [A-Z][A-Za-z']*\.?){{1,4}} (?i:{_WAY_AFTER})\b(?:,? (?i:apt|suite|unit"
        rf"|no)\.? ?#?[0-9A-Za-z]+)?",
        0.8,
        apart=False,
    ),
    Scan(
        "lives in",
        ADDRESS,
        rf"\b(?i:(?:domiciliee?|habit(?:e|ant|ait)|demeurant|resid(?:e|ant|ait)|originaire|vit|nee?|lives?|living"
        rf"|residing)\b|region d[e']|banlieue d[e']|peripherie d[e']|(?:ville|commune|village) d[e'])"
        rf"(?: ?(?i:a|au|aux|de|en|dans|sur|d'|la|le|in|at|near|from))* ?({_TOWN})",
        0.7,
    ),
    Scan(
        "named street",
        ADDRESS,
        rf"\b(?i:{_WAY}) (?:(?i:de|du|des|la|le|les|general|docteur|saint|g\.al|marechal|president) |(?i:l'"
        rf"|d'))*[A-Z][A-Za-z'\-]+(?: (?:de |du |des |la |le )*[A-Z][A-Za-z'\-]+){{0,4}}",
        0.6,
    ),
    Scan(
        "care site",
        HOSPITAL,
        r"\b((?:(?i:hopita(?:l|ux)|centre hospitalier(?: (?:universitaire|regional|intercommunal))*|clinique"
        r"|polyclinique|groupe hospitalier|ehpad"
        r"|institut|maison de retraite|fondation|maternite|centre de sante|cabinet medical|pharmacie"
        r"|laboratoire)\b|(?:CHR?U|CHI?R?|GHU?|HEGP|HIA)\b)"
        r"(?: (?i:de la|de l'|de|du|des|d'|la|le|les|l'))*[ ']?[A-Z][A-Za-z']+(?:[ \-](?:(?:de|du|la|des|les|le"
        r"|l|d|et)[ \-'])*[A-Z][A-Za-z']+){0,5})",
        0.7,
    ),
    Scan(
        "care site",
        HOSPITAL,
        r"\b(?:AP-?HP|HCL|APHM)\b(?:\.? [A-Z][a-z]+)?|\b(?:[A-Z][a-z]+ ){1,4}(?:(?i:university |general "
        r"|memorial |medical )*)(?i:hospital|clinic|medical center)\b",
        0.6,
    ),
)
# Where an address ends though its line goes on.
_END = re.compile(
    rb" - | \xb7 |\. |\b(?:2[ab] ?[0-9]{3}|[0-9]{2} ?[0-9]{3})\b|\b(?:tel|fax|mail|email|telephone|rpps|ipp|ne"
    rb"|nee|en date|le [0-9])\b| ?-?[0-9]{2}[ .][0-9]{2}[ .]"
)
# `Centre de Santé Mentale`, `Clinique Multidisciplinaire`: what kind of site it is, not which.
_KIND_OF_SITE = re.compile(
    rb"(?:centre|clinique|institut|maternite|cabinet|laboratoire|pharmacie)(?: (?:de la|de|du|d'))?(?: sante)?"
    rb" (?:mentale|medicaux|medicale?|hospitali(?:er|ere)|multidisciplinaire|pluridisciplinaire|specialisee?s?"
    rb"|dentaire|privee?|publi(?:c|que)|nationale?|ambulatoire)"
)
_TOWN_CLASSES = "GgSsXZWV"


def find_places(page: Page) -> list[Found]:
    """Addresses, care sites, great ages."""
    lower, cased = page.plain.lower, page.plain.cased
    found = [
        _ended(one, lower) if one.rule == "number and street" else one
        for one in _LOWER.find(lower)
        if _is_place(page, one)
    ]
    found += [one for one in _CASED.find(cased) if _is_meant(page, one)]
    return found


def _is_place(page: Page, one: Found) -> bool:
    if one.rule == "town":
        # A town has its capital, where a tour, a nice and a metz have none.
        return 65 <= page.plain.cased[one.start] < 91
    # BP is a blood pressure in English.
    return one.rule != "post box" or page.language != "en" or page.plain.lower[one.start : one.start + 1] == b"p"


def _is_meant(page: Page, one: Found) -> bool:
    if one.rule == "care site":
        return not _KIND_OF_SITE.fullmatch(page.plain.lower[one.start : one.end])
    return one.rule != "town and code" or _is_town(page, one)


def _is_town(page: Page, one: Found) -> bool:
    """Whether a word before five figures can be a town: it is none of headers, and no acronym."""
    word = page.plain.cased[one.start : one.start + 4]
    return page.class_at(one.start) in _TOWN_CLASSES and (not word.isupper() or word.isalpha())


def _ended(one: Found, lower: bytes) -> Found:
    cut = _END.search(lower, one.start + 4, one.end)
    return one._replace(end=cut.start()) if cut else one

"""Dates as figures and in words, French and English; those of birth apart. Dates of legal texts stay."""

from __future__ import annotations

from pseudonymization.text.found import BIRTH_DATE, DATE, Found
from pseudonymization.text.page import Page
from pseudonymization.text.scan import Scan, Scans, Search

_MONTH = (
    r"(?:janv(?:ier)?|fevr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|aout|sept?(?:embre)?|oct(?:obre)?"
    r"|nov(?:embre)?|dec(?:embre)?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|october|november|december)"
)
_LONG_MONTH = (
    r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)"
)
_DAY = r"(?:1er|3[01]|[12][0-9]|0?[1-9])"
_NUMBER = r"(?:1[0-2]|0?[1-9])"
_CENTURY = r"(?:18|19|20|21)[0-9]{2}"
_YEAR = rf"(?:{_CENTURY}|[0-9]{{2}})"
_SEP = r" ?[/.\-|:] ?"
_UNIT = (
    r"(?:un|une|premier|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    r"|vingts?|trente|quarante"
    r"|cinquante|soixante|cents?|mille?|et)"
)
_WORDS = rf"{_UNIT}(?:[ \-]{_UNIT}){{0,9}}"
_WEEKDAY = (
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday),? )?"
)
_SINCE = (
    r"\b(?:le|du|au|depuis|des|jusqu.au|avant|apres|vers|ce|on|since|until|c[0-9]{1,2}|d[0-9]{1,2}"
    r"|j[0-9]{1,2}|cure [0-9]{1,2}) ?:? ?"
)
_IN = (
    r"\b(?:en|depuis|annee|annees|an|vers|fin|debut|courant|mi|avant|apres|jusqu.en|de|des|du|et|ete|hiver"
    r"|automne|printemps|in|since|year|"
    r"of|until|before|after|late|early)[ \-]"
)

_SCANS = Scans(
    Scan("day month year", DATE, rf"{_DAY}{_SEP}{_NUMBER}{_SEP}{_YEAR}", 0.9),
    Scan("year month day", DATE, rf"{_CENTURY}[/.\-]{_NUMBER}[/.\-]{_DAY}", 0.9),
    Scan("month day year", DATE, rf"{_NUMBER}[/\-](?:3[01]|[12][0-9])[/\-]{_CENTURY}", 0.85),
    Scan("month year", DATE, rf"(?:1[0-2]|0?[1-9])[/\-]{_CENTURY}", 0.85),
    Scan("spaced", DATE, rf"{_DAY} {_NUMBER} {_CENTURY}", 0.8),
    Scan("compact", DATE, r"(?:3[01]|[12][0-9]|0[1-9])(?:1[0-2]|0[1-9])(?:19|20)[0-9]{2}", 0.8),
    Scan("compact", DATE, r"(?:19|20)[0-9]{2}(?:1[0-2]|0[1-9])(?:3[01]|[12][0-9]|0[1-9])", 0.8),
    Scan(
        "day month in words",
        DATE,
        rf"{_WEEKDAY}\b(?:{_DAY}|1 ?er)(?:er|st|nd|rd"
        rf"|th)?(?: of)?,?(?:[ \-/.]{{0,2}}){_MONTH}\b\.?(?:,?[ \-/.]{{1,2}}(?:{_CENTURY}|'?[0-9]{{2}}\b))?",
        0.85,
    ),
    Scan("day month in words, glued", DATE, rf"\b{_DAY}[ \-]?{_MONTH}[ \-]?{_YEAR}", 0.85),
    Scan("month in words", DATE, rf"\b(?:mi-|fin |debut |courant )?{_MONTH}\.?[ \-/]?{_CENTURY}", 0.85),
    Scan("month in words", DATE, rf"\b{_LONG_MONTH} '?[0-9]{{2}}\b", 0.6),
    Scan("month day year in words", DATE, rf"\b{_LONG_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_CENTURY}", 0.85),
    Scan("month day in words", DATE, rf"\b(?:on|since|until|by) ({_LONG_MONTH} {_DAY}(?:st|nd|rd|th)?)\b", 0.7),
    Scan("in letters", DATE, rf"\b{_WEEKDAY}{_WORDS} {_LONG_MONTH}(?: {_WORDS}\b| {_CENTURY})?", 0.85),
    Scan(
        "month with what announces it",
        DATE,
        rf"\b(?:en|mi|fin|debut|courant|depuis|de|in|since)[ \-](?:mois d.|mois de )?({_LONG_MONTH})\b",
        0.5,
    ),
    Scan("day and month", DATE, rf"{_SINCE}({_DAY} ?[/.] ?{_NUMBER})(?:[ \n,;)]|$)", 0.7),
    Scan("year", DATE, rf"{_IN}((?:19|20)[0-9]{{2}})\b(?: ?[-/] ?(?:20|19)?[0-9]{{2}}\b)?", 0.6),
    Scan("year in brackets", DATE, r"\(((?:19[3-9]|20[0-4])[0-9])\)", 0.6),
    Scan(
        "year of birth",
        BIRTH_DATE,
        r"(?:\bne(?:e|\(e\))?|\bddn|naissance|\bborn|\bdob)\b[^0-9\n]{0,15}([0-9](?:[ /.\-]{0,3}[0-9]){5,7}"
        r"|(?:18|19|20)[0-9]{2})",
        0.95,
    ),
    Scan("year of an item", DATE, r"(?:^|\n| - )[ \-*>]*((?:19[3-9]|20[0-4])[0-9])(?: ?[:\-,]| [a-z])", 0.6),
)
_BORN_WORDS = (
    r"(?:\bn[e]+(?:\(?e\)?|\.e\.?|-e)?\b|\bddn\b|\bdn\b|naissance|\bborn\b|birth ?(?:date|day)?"
    r"|\bdob\b)[^0-9\n]{0,18}$"
)
_LAW_WORDS = (
    r"\b(?:loi|decret|arrete|ordonnance n\xb0|directive|circulaire|reglement|decision"
    r"|version consolidee)\b[^.;\n]{0,45}$"
)
_BORN, _LAW = Search(_BORN_WORDS), Search(_LAW_WORDS)
_ANNOUNCED = Search(rf"(?:{_BORN_WORDS})|(?:{_LAW_WORDS})")
_SOON = 64


def find_dates(page: Page) -> list[Found]:
    """Dates with a day, a month or a year that something announces; `BIRTH_DATE` for those said to be of birth."""
    data = page.plain.lower
    found = _SCANS.find(data)
    judged = []
    for one in found:
        before = data[max(0, one.start - _SOON) : one.start]
        # Most dates have neither before them, and are asked once.
        if not _ANNOUNCED(before):
            judged.append(one)
            continue
        if _LAW(before):
            continue
        judged.append(one._replace(entity=BIRTH_DATE) if one.entity == DATE and _BORN(before) else one)
    return judged

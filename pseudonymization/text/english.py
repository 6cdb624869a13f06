"""What English notes have of their own: streets with their number first, phones in any grouping, years, weekdays."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from pseudonymization.text.found import ADDRESS, AGE, DATE, HOSPITAL_NUMBER, ID_NUMBER, PHONE, Found
from pseudonymization.text.page import Page
from pseudonymization.text.scan import Scan, Scans

_WAY = (
    r"(?i:streets?|st|str|road|rd|lane|ln|avenue|ave|boulevard|blvd|drive|dr|court|ct|way|close|place|pl"
    r"|squares?|sq|terrace|crescent|highway"
    r"|hwy|parkway|alley|row|walk|hill|gardens|park|mews|rise|view|gate|pass|union|parks)\b\.?"
)
_WORD = r"[A-Z][A-Za-z'.\-]*"
_LINK = r"(?:de|do|da|la|le|el|al|du|des|and|of|u\.|ul\.)"
_NUMBER = r"[0-9]{1,6}[A-Za-z]?"
_DOOR = r"(?:[ ,\n]{1,3}(?i:apt|suite|unit|apartment|flat|room|box)\.? ?#?[0-9]+[A-Za-z]?)"
_TOWN = rf"(?:[ ,\n]{{1,4}}(?:{_WORD}|{_LINK}|nan|\([A-Za-z]+\))){{1,6}}"
_ZIP = r"(?:[ ,\n]{1,4}[0-9]{2,6}(?:[ \-][0-9]{2,4})?\b)"
_TAIL = rf"(?:{_DOOR}{{0,2}}{_TOWN}{_ZIP}|{_DOOR}{{1,2}})?"
_LONG_ZIP = r"(?:[ ,\n]{1,4}(?:[0-9]{4,6}|[0-9]{2,3}[ \-][0-9]{2,4})\b)"
_MONTH = (
    r"(?:(?i:jan(?:uary)?|feb(?:ruary)?|march|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)|M(?:ar|AR|ay|AY))\b\.?"
)
_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])(?i:st|nd|rd|th)?"
_YEAR = r"(?:(?:19|20|21)[0-9]{2}|'[0-9]{2})"
_PLACE = (
    r"(?:address(?:es)?(?: of [^\n,;:]{2,40})? ?(?:is|are|:|with|to)?|(?:lives?|living|located"
    r"|restaurant is|offices? (?:is|are)|meet (?:me|you)|return|sent|new one|drops you off|moved|resides?"
    r"|residing) ?(?:in|at|to|on|with)?)"
)

_CASED = Scans(
    Scan(
        "street",
        ADDRESS,
        rf"\b{_NUMBER},?(?: [0-9]{{1,5}})?(?: (?:{_WORD}|{_LINK})){{1,6}} {_WAY}{_TAIL}",
        0.8,
        apart=False,
    ),
    Scan(
        "street and number",
        ADDRESS,
        rf"\b(?:[0-9]{{2,6}} )?(?:{_WORD} |{_LINK} ){{1,5}}[0-9]{{1,4}}[a-z]?\.?{_DOOR}{{0,2}}{_TOWN}{_LONG_ZIP}",
        0.6,
        apart=False,
    ),
    Scan(
        "number, street, number",
        ADDRESS,
        rf"\b[0-9]{{3,6}}(?: (?:{_WORD}|{_LINK})){{1,5}} [0-9]{{1,4}}\b{_TAIL}",
        0.6,
        apart=False,
    ),
    Scan(
        "door",
        ADDRESS,
        rf"\b[0-9]{{1,6}} (?:(?:{_WORD}|{_LINK}) ){{1,6}}[0-9]{{0,4}}\.?{_DOOR}{_TAIL}",
        0.7,
        apart=False,
    ),
    Scan(
        "field post",
        ADDRESS,
        r"\b(?:PSC|Unit|CMR) [0-9]{2,5},? Box [0-9]{2,5}[ \n,]+(?:APO|FPO|DPO) [A-Z]{2} [0-9]{5}",
        0.9,
    ),
    Scan(
        "what announces it",
        ADDRESS,
        rf"\b(?i:{_PLACE})[ :\n]{{1,4}}((?:the corner of )?[0-9]{{1,6}}[^.?!\n;]{{3,60}})",
        0.5,
        apart=False,
    ),
    Scan(
        "corner", ADDRESS, rf"\b((?i:the corner of) [^.?!\n;]{{4,60}} and {_WORD}(?: {_WORD}){{0,3}})", 0.6, apart=False
    ),
    Scan("town and code", ADDRESS, rf"{_WORD}(?:[ \-]{_WORD}){{0,3}},? [A-Z]{{2}} [0-9]{{5}}(?:-[0-9]{{4}})?\b", 0.7),
    Scan(
        "lives in",
        ADDRESS,
        rf"\b(?i:lives?|living|born|resides?|residing|moved|flew|from|originally|grew up|travell?ed"
        rf"|trip) (?i:in|to|from|near) ({_WORD}(?: {_WORD}){{0,3}})",
        0.6,
    ),
    Scan(
        "street without number",
        ADDRESS,
        rf"\b(?i:on|at|near|in|off|along) ({_WORD}(?: {_WORD}){{0,2}} (?:Street|Avenue|Road|Lane|Drive|Boulevard"
        rf"|Highway|Parkway|Court|Square|Terrace))\b",
        0.6,
    ),
    Scan("month and day", DATE, rf"\b{_MONTH} {_DAY}\b(?:,? {_YEAR}\b)?", 0.8),
    Scan("day and month", DATE, rf"\b{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR}\b)?", 0.8),
    Scan("month and year", DATE, rf"\b{_MONTH},? (?:of )?{_YEAR}\b", 0.8),
    Scan("short year", DATE, r"(?:^|[ (/])('[0-9]{2})(?:[ ,.;:)\n]|$)", 0.6),
)
_LOWER = Scans(
    Scan(
        "zip",
        ADDRESS,
        r"\b(?:zip|zip ?code|postal code"
        r"|postcode)(?: is)? ?:? ?([0-9]{2,6}(?:[ \-][0-9]{2,4})?|[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2})\b",
        0.9,
    ),
    Scan("phone", PHONE, r"(?:\([0-9]{1,4}\) ?|\b)[0-9]{2,4}(?:[ \-][0-9]{2,7}){1,4}\b", 0.5),
    Scan(
        "phone on the next line",
        PHONE,
        r"\b(?:phone|tel|mobile|fax"
        r"|cell)[a-z]{0,8}:?[ \n]{1,3}([+(]?[0-9][0-9 ()\-]{5,18}[0-9])",
        0.7,
    ),
    Scan(
        "licence",
        ID_NUMBER,
        r"\b(?:licen[cs]e(?: plate)?|plate|passport|policy|member|account|acct|ssn|id)(?: number| no\.?"
        r"| #)?(?: is)?[ :#]{1,3}([a-z]{0,3}[0-9][a-z0-9\-]{4,18})\b",
        0.7,
    ),
    Scan(
        "record number",
        HOSPITAL_NUMBER,
        r"\b(?:mrn|medical record|record|unit|chart|case|hospital|patient|visit|encounter|accession|specimen|index)"
        r"(?: number| num\.?| no\.?| id| #|#)[ :#]{0,3}([a-z]{0,4}[0-9][a-z0-9\-/]{3,20})\b",
        0.95,
    ),
    Scan("pager", PHONE, r"\b(?:pagers?|beeper|extension|ext\.?)(?: number| no\.?)?[ :#]{1,3}([0-9]{3,7})\b", 0.7),
    Scan("age", AGE, r"\bage[d]?(?: is| of)?[ :]{1,3}((?:9|1[01])[0-9])\b", 0.8),
    Scan("date and time", DATE, r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}[ t][0-9]{2}:[0-9]{2}(?::[0-9]{2})?", 0.9),
    Scan("year", DATE, r"\b(?:19[3-9]|20[0-4])[0-9]\b", 0.5),
    Scan(
        "weekday",
        DATE,
        r"\b(?:on|last|next|this|since|until|by) ((?:mon|tues|wednes|thurs|fri|satur"
        r"|sun)day)\b",
        0.5,
    ),
)
_FEWEST = 7
_NUMBERED = frozenset({"street and number", "number, street, number"})
_MONTHS = frozenset({"month and day", "day and month", "month and year"})
_OF_CARE = frozenset("BC")


def find_english(page: Page) -> list[Found]:
    """Addresses, phones and dates of English notes; nothing in those of another language."""
    if page.language != "en":
        return []
    lower, cased = page.plain.lower, page.plain.cased
    found = _CASED.find(cased)
    months = [one for one in found if one.rule in _MONTHS]
    return [one for one in found if one.rule not in _NUMBERED or not _is_care(page, one, months)] + [
        one for one in _LOWER.find(lower) if one.rule != "phone" or _figures(lower, one) >= _FEWEST
    ]


def _is_care(page: Page, street: Found, months: list[Found]) -> bool:
    """Whether what could be a street is `Levaquin 500 Flagyl 250` or `CT 12 September 2019`."""
    dated = any(month.start < street.end and street.start < month.end for month in months)
    return dated or not _OF_CARE.isdisjoint(_words(page, street))


def _words(page: Page, one: Found) -> str:
    """The classes of the words of what was found."""
    return page.classes[bisect_right(page.places, one.start) : bisect_left(page.places, one.end) + 1]


def _figures(lower: bytes, one: Found) -> int:
    return sum(48 <= byte < 58 for byte in lower[one.start : one.end])

"""Dates. Every date with a day or a month goes; a bare year stays, unless it is one of birth.

A year alone is what HIPAA's Safe Harbor leaves (45 CFR 164.514(b)(2)(i)(C)) and what a history of disease
needs; the exact dates that research needs come from the structured tables, under a permit.
"""

from __future__ import annotations

from pseudonymization.text.rules import DATE, RuleRecognizer, rule

_MONTH = (
    r"(?i:janv(?:ier)?|f[ée]vr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|ao[uû]t|sept?(?:embre)?|oct(?:obre)?"
    r"|nov(?:embre)?|d[ée]c(?:embre)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|november|dec(?:ember)?)(?!\p{L})(?=[^0-9]|[0-9]{4}|$)\.?|"
    r"(?i:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[uû]t|sept|oct|nov|d[ée]c)(?=[0-9])"
)
_MONTH = rf"(?:{_MONTH})"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH_NUMBER = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:(?:18|19|20|21)[0-9]{2}|[0-9]{2})"
_CENTURY = r"(?:18|19|20)[0-9]{2}"
_SEP = r"\s?[/.\-|:]\s?"
_BORN = (
    r"(?i:\bn[ée]+(?:\(?e\)?)?\b|\bDDN\b|\bDN\b|date\s+de\s+naissance|naissance|\bborn\b|birth\s?date|\bDOB\b)"
    r"[^0-9\n]{0,15}"
)


def date_recognizer() -> RuleRecognizer:
    """Dates of birth and every other date, as figures or in words, French and English."""
    return RuleRecognizer(
        "date",
        [
            rule(DATE, rf"{_BORN}(?P<it>{_CENTURY}|[0-9](?:[ /.\-]{{0,3}}[0-9]){{5,7}})(?![0-9])", 0.95),
            rule(DATE, rf"(?<![0-9]){_DAY}{_SEP}{_MONTH_NUMBER}{_SEP}{_YEAR}(?![0-9])", 0.9),
            rule(DATE, rf"(?<![0-9]){_DAY} {_MONTH_NUMBER} {_CENTURY}(?![0-9])", 0.8),
            rule(DATE, rf"(?<![0-9]){_CENTURY}[/.\-]{_MONTH_NUMBER}[/.\-]{_DAY}(?![0-9])", 0.9),
            rule(DATE, rf"(?<![0-9/.,])(?:0[1-9]|1[0-2]|[1-9])[/\-]{_CENTURY}(?![0-9])", 0.85),
            # Figures spaced out, as forms print them: 2 3 0 9 1 9 8 2. No measure is written so.
            rule(DATE, r"(?<![0-9.,])(?<![0-9] )[0-9](?: [0-9]){6,}(?![0-9])", 0.6),
            rule(DATE, r"(?<![0-9])[0-3][0-9] ?[01] [0-9] [0-9] [0-9] [0-9](?: [0-9])?(?! ?[0-9])", 0.7),
            rule(DATE, rf"(?<![0-9])(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2]){_CENTURY}(?![0-9])", 0.8),
            rule(DATE, rf"(?<![0-9]){_CENTURY}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9])", 0.8),
            rule(DATE, rf"(?<![0-9]){_DAY}(?:er)?[ \-]?{_MONTH}(?:[ \-]?{_YEAR}(?![0-9]))?", 0.85),
            rule(DATE, rf"\b{_MONTH}[ \-]?{_CENTURY}(?![0-9])", 0.85),
            rule(DATE, rf"\b{_MONTH} '?[0-9]{{2}}(?![0-9/])", 0.7),
            rule(DATE, rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_CENTURY}(?![0-9])", 0.85),
            # A day and a month without a year look like a score (2/8): something must announce a date.
            rule(
                DATE,
                rf"(?:(?i:\b(?:le|du|au|depuis|d[eè]s|jusqu.au|avant|apr[eè]s|vers|ce)) |\b[CDJ][0-9]{{1,2}}\s{{1,2}})"
                rf"(?P<it>{_DAY}\s?[/.]\s?{_MONTH_NUMBER})(?:\s|[,;)]|$)",
                0.7,
            ),
        ],
    )

"""Addresses, postcodes with their town, and care sites."""

from __future__ import annotations

from pseudonymization.text.rules import ADDRESS, HOSPITAL, RuleRecognizer, rule

_NUMBER_WORD = r"(?i:un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|vingt|trente)"
_WAY = (
    r"(?i:rue|avenue|av\.?|ave|boulevard|boul\.?|b(?:l?v)?d\.?|place|pl\.|chemin|che?\.|impasse|imp\.|all[ée]es?|route|rte"
    r"|quai|cours|square|sq\.|passage|r[ée]sidence|lotissement|hameau|lieu[ -]dit|faubourg|fbg|villa|cit[ée]|esplanade"
    r"|promenade|mont[ée]e|sentier|ruelle|rond[ -]point|parvis|venelle|street|road|lane)"
)
_STREET_END = r"(?=\s*(?:[,;\n|]|$|\.\s|\b(?:[0-9]{2}[ ]?[0-9]{3}|2[AB][ ]?[0-9]{3})\b|[ ]-[ ]|\())"
_TOWN_WORD = r"\p{Lu}[\p{L}'’]*"
_TOWN_LINK = r"(?i:sur|sous|les?|la|en|de|du|des|l[èe]s|aux?|cedex|c[ée]dex|[0-9]{1,2}(?![0-9]))|d['’]\p{Lu}\p{L}*"
_TOWN = rf"{_TOWN_WORD}(?:[ \-](?:{_TOWN_LINK}|{_TOWN_WORD})){{0,6}}"
_ZIP = r"(?<![0-9,./])(?:[0-9]{2}[ ]?[0-9]{3}|2[ABab][ ]?[0-9]{3})(?![0-9])"

_SITE = (
    r"(?:(?i:h[ôo]pita(?:l|ux)|centre hospitalier(?: (?:universitaire|r[ée]gional|intercommunal))*|clinique"
    r"|polyclinique|groupe hospitalier|ehpad|institut (?:hospitalier|curie|gustave)"
    r"|maison de retraite|fondation|maternit[ée])"
    r"|CHR?U|CHI?R?|GHU?|HEGP|HIA)"
)
_SITE_NAME = r"\p{Lu}[\p{L}'’]+"
_NUMBERED_WAY = (
    rf"\b(?:[0-9]{{1,4}}(?:[-/][0-9]{{1,4}})?|{_NUMBER_WORD})(?:[ ]?(?i:bis|ter|quater|[A-D])\b)?,?[ ]{{1,2}}"
    rf"{_WAY}\b[^\n,;|]{{1,60}}?{_STREET_END}"
)
_NAMED_WAY = (
    rf"\b{_WAY}\s(?:(?i:de|du|des|la|le|les|l['’]|d['’]|saint|g\.al)[ ]?){{0,3}}"
    rf"\p{{Lu}}[^\n,;|0-9]{{1,45}}?{_STREET_END}"
)
_LIVES = (
    r"(?i:domicili[ée]e?|habit(?:e|ant)|demeurant|r[ée]sid(?:e|ant)|r[ée]gion d[e']|p[ée]riph[ée]rie d[e'])"
    r"(?:[ ](?i:à|au|de|en|dans|sur))?"
)
_NAMED_SITE = (
    rf"\b{_SITE}[ ](?:(?i:de|du|des|la|le|les|d['’]|l['’])[ ]?){{0,3}}{_SITE_NAME}"
    rf"(?:[ \-–](?:(?i:de|du|la|des|les|le)[ \-])?{_SITE_NAME}){{0,4}}"
)


def place_recognizers() -> list[RuleRecognizer]:
    """Addresses and care sites."""
    return [
        RuleRecognizer(
            "address",
            [
                rule(ADDRESS, _NUMBERED_WAY, 0.85),
                rule(ADDRESS, _NAMED_WAY, 0.6),
                rule(ADDRESS, rf"{_ZIP}[ ,\-]{{1,3}}{_TOWN}", 0.85),
                rule(
                    ADDRESS,
                    rf"(?i:rue|avenue|strasse|place|cours|all[ée]e|bd|boulevard)[^\n]{{0,60}}?(?P<it>{_ZIP})",
                    0.7,
                ),
                rule(ADDRESS, rf"{_LIVES}[ ](?P<it>{_TOWN})", 0.7),
                rule(ADDRESS, rf"(?i:\bcode postal|\bCP)\s?:?\s?(?P<it>{_ZIP})", 0.9),
                rule(ADDRESS, r"\p{L}+(?i:strasse)[ ][0-9]{1,4}", 0.7),
            ],
        ),
        RuleRecognizer(
            "hospital",
            [
                rule(HOSPITAL, _NAMED_SITE, 0.7),
                rule(
                    HOSPITAL, r"\bAP-?HP\b(?:\.?[ ]\p{Lu}\p{L}+)?|\b\p{Lu}\p{L}+[ ](?i:university )?[Hh]ospital\b", 0.6
                ),
            ],
        ),
    ]

"""Numbers that name somebody: NIR, hospital numbers, phones; and e-mail addresses."""

from __future__ import annotations

from pseudonymization.text.rules import EMAIL, HOSPITAL_NUMBER, NIR, PHONE, RuleRecognizer, rule

_GAP = r"[ \t\u00a0\u202f.\-]{0,2}"
_D = rf"{_GAP}[0-9]"

# Structure only: in real notes most numbers lack their key, or bear a wrong one.
_NIR = rf"(?<![0-9])[1-8](?:{_D}){{4}}(?:{_GAP}2{_GAP}[ABab]|(?:{_D}){{2}})(?:{_D}){{6}}(?:{_D}){{0,3}}(?![0-9])"
_NIR_WORDS = (
    r"(?i:s[ée]curit[ée] sociale|\bs[ée]cu\b|\bNIR\b|\bINS\b|\bNSS\b|immatriculation|num[ée]ro d.assur[ée]|\bKeien\b)"
)

_SEP = r"[ \t\u00a0./\-]{0,3}"
_PHONE_FRENCH = rf"(?<![0-9A-Za-z])0(?:{_SEP}[0-9]){{9}}(?![0-9])"
_PHONE_ABROAD = rf"(?<![0-9A-Za-z])\+{_SEP}(?:\({_SEP})?[0-9](?:{_SEP}[()]?{_SEP}[0-9]){{7,12}}(?![0-9])"
_PHONE_BRACKET = rf"\((?:{_SEP}[0-9]){{2,3}}{_SEP}\)(?:{_SEP}[0-9]){{8,10}}(?![0-9])"
_PHONE_WORDS = (
    r"(?i:t[ée]l(?:[ée]phone)?|fax|portable|standard|secr[ée]tariat|accueil|poste|bip|dect|joignables?(?: au)?"
    r"|num[ée]ro(?: suivant)?|contact(?:er)?|appeler(?: au)?|num[ée]ro de bureau|phone)"
)

_FILE_WORDS = (
    r"(?i:\bI\.?P\.?P?\b|\bNIP\b|\bNDA\b|\bRPPS\b|\bFINESS\b|\bADELI\b|\bn[°ºo]\s*(?:de\s*)?(?:dossier|patient|s[ée]jour)"
    r"|\bdossier(?:\s*(?:patient|m[ée]dical))?\s*n[°ºo]?"
    r"|num[ée]ro (?:de )?(?:dossier|patient|s[ée]jour|d.hospitalisation)"
    r"|\bMRN\b)"
)
_FILE_NUMBER = r"[A-Z0-9]{0,4}[0-9](?:[ .\-]?[A-Z0-9]){3,14}"


def number_recognizers() -> list[RuleRecognizer]:
    """NIR, hospital number, phone and e-mail recognizers."""
    return [
        RuleRecognizer(
            "nir",
            [
                rule(NIR, _NIR, 0.94),
                rule(NIR, rf"{_NIR_WORDS}[^0-9]{{0,40}}(?P<it>[0-9](?:{_GAP}[0-9ABab]){{8,14}})(?![0-9])", 0.9),
            ],
        ),
        RuleRecognizer(
            "phone",
            [
                rule(PHONE, _PHONE_FRENCH, 0.92),
                rule(PHONE, _PHONE_ABROAD, 0.92),
                rule(PHONE, _PHONE_BRACKET, 0.8),
                rule(
                    PHONE,
                    rf"{_PHONE_WORDS}[^0-9\n]{{0,12}}(?P<it>[+(]?[0-9](?:{_SEP}[()]?[0-9]){{3,14}})(?![0-9])",
                    0.7,
                ),
            ],
        ),
        RuleRecognizer(
            "hospital_number",
            [
                rule(
                    HOSPITAL_NUMBER, rf"{_FILE_WORDS}[^0-9A-Z\n]{{0,12}}\n?[ :]*(?P<it>{_FILE_NUMBER})(?![0-9])", 0.85
                ),
                # No measure has eight digits in a row: such a number names a person, a stay or a sample.
                rule(HOSPITAL_NUMBER, r"(?<![0-9,.])[0-9]{8,16}(?![0-9])", 0.6),
                rule(HOSPITAL_NUMBER, r"\b[0-9]{2}[A-Z]{2}[0-9]{5}\b", 0.7),
                # US social security number, in the English notes of open data sets.
                rule(HOSPITAL_NUMBER, r"(?<![0-9-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9-])", 0.7),
            ],
        ),
        RuleRecognizer(
            "email",
            [rule(EMAIL, r"[\p{L}0-9_.+%-]+[ ]?@[ ]?[\p{L}0-9-]+(?:[ ]?\.[ ]?[\p{L}0-9-]+)+", 0.95)],
        ),
    ]

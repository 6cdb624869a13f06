"""Numbers that name somebody: NIR, hospital and professional numbers, phones, accounts; e-mail and web addresses."""

from __future__ import annotations

from pseudonymization.nir import is_nir
from pseudonymization.text.found import (
    BIRTH_DATE,
    DATE,
    EMAIL,
    HOSPITAL_NUMBER,
    ID_NUMBER,
    NIR,
    PHONE,
    PROFESSIONAL_NUMBER,
    WEB,
    Found,
)
from pseudonymization.text.page import Page
from pseudonymization.text.scan import Scan, Scans

_GAP = r"[ .\-]{0,2}"
_D = rf"{_GAP}[0-9o]"
# Structure only: in real notes most numbers lack their key, or bear a wrong one; the letter O stands for zero.
_NIR = rf"[1-8](?:{_D}){{4}}(?:{_GAP}2{_GAP}[ab]|(?:{_D}){{2}})(?:{_D}){{6}}(?:{_D}{_D})?"
_NIR_WORDS = (
    r"(?:securite sociale|\bsecu\b|\bnir\b|\bins\b|\bnss\b|immatriculation|numero d.assure|\bkeien\b|carte vitale)"
)

_SEP = r"[ ./\-]{0,3}"
_PHONE_WORDS = (
    r"(?:\btel(?:ephone)?|\bfax|\bportable|\bmobile|\bstandard|\bsecretariat|\baccueil|\bposte|\bbip|\bdect"
    r"|joignables?(?: au)?|\bnumero(?: suivant)?"
    r"|\bcontact(?:er)?|\bappeler(?: au)?|\bjoindre(?: au)?|numero de bureau|\bphone|\bcall|\bgsm|\bt\b|\bf\b)"
)
_FILE_WORDS = (
    r"(?:\bi\.?p\.?p?\b|\bnip\b|\bnda\b|\biep\b|n\xb0 ?(?:de )?(?:dossier|patient|sejour|hospitalisation|venue)"
    r"|\bdossier(?: (?:patient|medical))?(?: ?n\xb0| numero)?|numero (?:de )?(?:dossier|patient|sejour"
    r"|d.hospitalisation)|\bvisite(?: dossier)?"
    r"|\bmrn\b|\bsejour n\xb0|\bid patient|\bpatient id)"
)
_PRO_WORDS = r"(?:\brpps\b|\badeli\b|\bfiness\b|\bn\xb0 ?(?:rpps|adeli|finess)|\bam\b n\xb0)"
_FILE_NUMBER = r"[a-z0-9]{0,4}[0-9](?:[ .\-]?[a-z0-9]?[0-9]){3,14}"

_SCANS = Scans(
    Scan("nir", NIR, _NIR, 0.9, over=True),
    Scan("nir with what announces it", NIR, rf"{_NIR_WORDS}[^0-9]{{0,40}}([0-9](?:{_GAP}[0-9ab]){{8,14}})", 0.9),
    Scan("phone", PHONE, rf"0(?:{_SEP}[0-9]){{9}}", 0.92),
    Scan("phone abroad", PHONE, rf"(?:\+{_SEP}\(?{_SEP}|\b00 ?)[1-9](?:{_SEP}[()]?{_SEP}[0-9]){{7,12}}", 0.92),
    Scan(
        "phone with brackets",
        PHONE,
        rf"\(\+?(?:{_SEP}[0-9]){{1,3}}{_SEP}\){_SEP}[0-9(](?:[ ./()\-]{{0,3}}[0-9]){{6,10}}",
        0.8,
    ),
    Scan(
        "phone of America", PHONE, r"\b(?:1[ .\-])?[2-9][0-9]{2}[ .\-][0-9]{3}[ .\-][0-9]{4}(?: ?x ?[0-9]{1,6})?", 0.75
    ),
    Scan(
        "phone with what announces it",
        PHONE,
        rf"{_PHONE_WORDS}[^0-9\n]{{0,12}}([+(]?[0-9](?:{_SEP}[()]?[0-9]){{3,14}})",
        0.7,
    ),
    Scan("extension", PHONE, r"\b(?:poste|ext\.?|bip|dect|x)[ :]{0,3}([0-9]{3,6})\b", 0.7),
    Scan("professional number", PROFESSIONAL_NUMBER, rf"{_PRO_WORDS}[^0-9a-z\n]{{0,12}}\n?[ :]*({_FILE_NUMBER})", 0.86),
    Scan("hospital number", HOSPITAL_NUMBER, rf"{_FILE_WORDS}[^0-9a-z\n]{{0,12}}\n?[ :]*({_FILE_NUMBER})", 0.85),
    Scan("hospital number, glued", HOSPITAL_NUMBER, r"\bipp([a-z]?[0-9]{4,12})\b", 0.85),
    # No measure has eight figures in a row: such a number names a person, a stay or a sample.
    Scan("long number", HOSPITAL_NUMBER, r"[0-9]{8,}", 0.6),
    Scan("sample", HOSPITAL_NUMBER, r"\b[0-9]{2}[a-z]{2}[0-9]{5}\b", 0.7),
    Scan("social security, America", ID_NUMBER, r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", 0.7),
    Scan("account", ID_NUMBER, r"\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]{4}){3,7}(?: ?[a-z0-9]{1,3})?\b", 0.7),
    Scan("card", ID_NUMBER, r"\b[0-9]{4}(?:[ \-][0-9]{4}){2,3}(?:[ \-]?[0-9]{1,4})?\b", 0.7),
    Scan(
        "identity document",
        ID_NUMBER,
        r"\b(?:passeport|passport|carte (?:nationale )?d.identite|cni|permis(?: de conduire)?|titre de sejour"
        r"|driver'?s? licen[cs]e)[^0-9\n]{0,25}?([a-z0-9]{0,4}[0-9][a-z0-9]{4,14})",
        0.8,
    ),
    Scan("plate", ID_NUMBER, r"\b[a-hj-np-tv-z]{2}-[0-9]{3}-[a-hj-np-tv-z]{2}\b", 0.7),
    Scan(
        "plate",
        ID_NUMBER,
        r"\bimmatricul[a-z]{0,5}[^0-9\n]{0,12}([0-9a-z]{1,4}[ \-][0-9a-z]{2,3}[ \-][0-9a-z]{2,3})\b",
        0.7,
    ),
    Scan(
        "e-mail",
        EMAIL,
        r"[a-z0-9_.+%\-]+ ?(?:@|\[at\]|\(at\)|\barobase\b) ?[a-z0-9\-]+(?: ?\. ?[a-z0-9\-]+)+",
        0.95,
        apart=False,
    ),
    # Figures spaced out, as forms print them: 2 3 0 9 1 9 8 2. No measure is written so.
    Scan("spaced figures", HOSPITAL_NUMBER, r"[0-9](?: ?[.\-/]? [0-9]\b){5,}", 0.65),
    Scan("ip", WEB, r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", 0.6),
    Scan("url", WEB, r"\b(?:https?://|www\.)[^ \n,;<>\"]+", 0.9, apart=False),
)


def find_numbers(page: Page) -> list[Found]:
    """Numbers, e-mail and web addresses."""
    data = page.plain.lower
    return [_judged(one, data) for one in _SCANS.find(data)]


def _judged(one: Found, data: bytes) -> Found:
    """A NIR whose key is right is surer, one without is still a NIR; spaced figures are told by their number."""
    if one.rule == "spaced figures":
        return one._replace(entity=_kind_of(data[one.start : one.end]))
    if one.entity != NIR:
        return one
    written = data[one.start : one.end].decode("ascii", "replace").replace("o", "0")
    return one._replace(score=0.99) if is_nir(written) and sum(map(str.isalnum, written)) == 15 else one


def _kind_of(written: bytes) -> str:
    digits = bytes(byte for byte in written if 48 <= byte < 58)
    if len(digits) >= 13:
        return NIR
    if len(digits) == 10 and digits[:1] == b"0":
        return PHONE
    if len(digits) == 8 and digits[4:6] in (b"18", b"19", b"20"):
        return DATE if digits[4:6] == b"20" else BIRTH_DATE
    return DATE if len(digits) in (6, 7, 8) else HOSPITAL_NUMBER

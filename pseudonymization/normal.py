"""Identifiers of persons brought to one spelling, in plain Python; `person.py` does the same in Spark.

| kind | values | normalization besides white space |
|---|---|---|
| `psa` | `BEN_NIR_PSA`, `BEN_RNG_GEM` | rank without leading zeros (1, 01 and 001 are one rank) |
| `psa_alone` | `BEN_NIR_PSA` | none: these pseudonyms are case-sensitive |
| `idt_ano`, `nir_ano` | the pseudonym | none |
| `ins` | a NIR | separators dropped, 2a = 2A, key dropped; an invalid number has no person key |
| `ipp` | hospital number | none: its leading zeros are part of it |
| `fhir_patient` | FHIR id | none: ids are case-sensitive (FHIR R4, datatypes, id) |
| `mbi` | Medicare Beneficiary Identifier (CMS) | hyphens dropped, upper case; a malformed one has no person key |
| `omop_person` | `person_id` of an OMOP CDM | leading zeros dropped: it is an integer (1, 01 and 001 are one person) |

`ipp`, `fhir_patient` and `omop_person` are numbers of one hospital or database. Where several deliver, each names
itself as the `issuer` (its FINESS, for instance), else patient 1 of one would be patient 1 of the other.

A value that a data holder has sealed (`pseudonymization.sealed`) is taken as it stands, whatever its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pseudonymization.digest import WHITE
from pseudonymization.errors import UnknownKind
from pseudonymization.nir import is_nir, squeeze_nir

KINDS: dict[str, int] = {
    "psa": 2,
    "psa_alone": 1,
    "idt_ano": 1,
    "nir_ano": 1,
    "ins": 1,
    "ipp": 1,
    "fhir_patient": 1,
    "mbi": 1,
    "omop_person": 1,
}
"""Kinds, with the number of values that each takes."""
LOCAL_KINDS = frozenset({"ipp", "fhir_patient", "omop_person"})
"""Kinds that each hospital or database numbers by itself: an issuer tells whose number it is."""
SEALED = "s1-[0-9a-f]{8}-[0-9a-f]{32}"
"""What a sealed value looks like."""
ISSUER = r"[A-Za-z0-9][A-Za-z0-9.\-]{0,63}"
"""What an issuer looks like."""
LEADING_ZEROS = "^0+(?=[0-9])"
# CMS, "Understanding the MBI": eleven characters, letters without S, L, O, I, B and Z.
_LETTER = "[AC-HJKMNPQRT-Y]"
_EITHER = "[0-9AC-HJKMNPQRT-Y]"
MBI = f"[1-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{{2}}[0-9]{{2}}"


def check_kind(kind: str, count: int) -> None:
    """Raises `UnknownKind` unless the kind exists and takes so many values."""
    if kind not in KINDS:
        raise UnknownKind(f"A contract names a person kind that does not exist: use one of {', '.join(KINDS)}.")
    if count != KINDS[kind]:
        raise UnknownKind(f"The person kind {kind} takes {KINDS[kind]} column(s), and the contract gives {count}.")


def split_kind(written: str) -> tuple[str, str | None]:
    """Kind and issuer of `ipp@290000017`; without `@` there is none. Raises `UnknownKind`."""
    kind, at, issuer = written.partition("@")
    check_issuer(kind, issuer if at else None)
    return kind, issuer if at else None


def check_issuer(kind: str, issuer: str | None) -> None:
    """Raises `UnknownKind` for an issuer that is no name, or of a kind that the whole country shares."""
    if kind not in KINDS:
        raise UnknownKind(f"A person kind does not exist: use one of {', '.join(KINDS)}.")
    if issuer is not None and (kind not in LOCAL_KINDS or not re.fullmatch(ISSUER, issuer)):
        raise UnknownKind(
            f"An issuer has letters, figures, points and hyphens, and goes with {', '.join(sorted(LOCAL_KINDS))}."
        )


def normal_values(kind: str, values: Sequence[str | int | None]) -> list[str | None]:
    """The values in the one spelling of their kind; None for what is blank or no identifier. Raises `UnknownKind`."""
    check_kind(kind, len(values))
    texts = [None if value is None else str(value).strip(WHITE) or None for value in values]
    last = texts[-1]
    if last is None or re.fullmatch(SEALED, last):
        return texts
    if kind in ("psa", "omop_person"):
        texts[-1] = re.sub(LEADING_ZEROS, "", last)
    elif kind == "mbi":
        squeezed = last.replace("-", "").upper()
        texts[0] = squeezed if re.fullmatch(MBI, squeezed) else None
    elif kind == "ins":
        texts[0] = squeeze_nir(last)[:13] if is_nir(last) else None
    return texts

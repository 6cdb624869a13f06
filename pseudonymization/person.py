"""Person keys: the keyed digest of (kind, normalized identifier), under the purpose `person`.

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
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from pseudonymization.digest import WHITE, keyed_digest, keyed_digest_of, normal_text
from pseudonymization.errors import UnknownKind
from pseudonymization.keystore import DerivedKey
from pseudonymization.nir import is_nir, nir_is_valid, nir_squeezed, squeeze_nir

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

_LEADING_ZEROS = "^0+(?=[0-9])"
# CMS, "Understanding the MBI": eleven characters, letters without S, L, O, I, B and Z.
_LETTER = "[AC-HJKMNPQRT-Y]"
_EITHER = "[0-9AC-HJKMNPQRT-Y]"
_MBI = f"[1-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{{2}}[0-9]{{2}}"


def person_key(kind: str, columns: Sequence[Column], *, steps: int = 0) -> Column:
    """The person key of each row, in a frame that has the pads of `person` with as many `steps` (see `keyed_digest`).

    Null when a value is null, blank or (for `ins` and `mbi`) invalid. Raises `UnknownKind`.
    """
    _check(kind, len(columns))
    values = list(columns)
    if kind == "psa":
        values[1] = F.regexp_replace(normal_text(columns[1]), _LEADING_ZEROS, "")
    elif kind == "omop_person":
        values[0] = F.regexp_replace(normal_text(columns[0]), _LEADING_ZEROS, "")
    elif kind == "mbi":
        squeezed = F.upper(F.translate(normal_text(columns[0]), "-", ""))
        values[0] = F.when(squeezed.rlike(f"^{_MBI}\\z"), squeezed)
    elif kind == "ins":
        values[0] = F.when(nir_is_valid(columns[0]), F.substring(nir_squeezed(columns[0]), 1, 13))
    return keyed_digest("person", F.lit(kind), *values, steps=steps)


def person_key_of(key: DerivedKey, kind: str, *values: str | int | None) -> str | None:
    """What `person_key` gives for the same values, in plain Python. Raises `UnknownKind`."""
    _check(kind, len(values))
    texts = [None if value is None else str(value) for value in values]
    if kind == "psa" and texts[1] is not None:
        texts[1] = re.sub(_LEADING_ZEROS, "", texts[1].strip(WHITE))
    elif kind == "omop_person" and texts[0] is not None:
        texts[0] = re.sub(_LEADING_ZEROS, "", texts[0].strip(WHITE))
    elif kind == "mbi" and texts[0] is not None:
        squeezed = texts[0].strip(WHITE).replace("-", "").upper()
        texts[0] = squeezed if re.fullmatch(_MBI, squeezed) else None
    elif kind == "ins" and texts[0] is not None:
        texts[0] = squeeze_nir(texts[0])[:13] if is_nir(texts[0]) else None
    return keyed_digest_of(key, kind, *texts)


def _check(kind: str, count: int) -> None:
    if kind not in KINDS:
        raise UnknownKind(f"A contract names a person kind that does not exist: use one of {', '.join(KINDS)}.")
    if count != KINDS[kind]:
        raise UnknownKind(f"The person kind {kind} takes {KINDS[kind]} column(s), and the contract gives {count}.")

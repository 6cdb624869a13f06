"""Numbers that a public register gives to professionals and establishments: their shape and their check digit.

| register | number | check digit |
|---|---|---|
| `rpps` | 11 figures (Répertoire partagé des professionnels de santé, ANS) | the last, by Luhn's formula |
| `finess` | 9 characters, a department first (Fichier national des établissements, DREES) | the last, by Luhn's |

A FINESS of Corsica (`2A`, `2B`) is judged by its shape: how its letter counts is published nowhere that we know of.
"""

from __future__ import annotations

import re
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F
from stdnum import luhn

from pseudonymization.digest import WHITE

Register = Literal["rpps", "finess"]

_FIGURES: dict[Register, str] = {"rpps": "[0-9]{11}", "finess": "[0-9]{9}"}
# A small letter would be another digest, hence another establishment.
_LETTERED: dict[Register, str] = {"finess": "2[AB][0-9]{7}"}


def is_number_of(register: Register, text: str) -> bool:
    """Whether a register could have given this number; white space that the digest drops does not count."""
    bare = text.strip(WHITE)
    if register in _LETTERED and re.fullmatch(_LETTERED[register], bare):
        return True
    return re.fullmatch(_FIGURES[register], bare) is not None and luhn.is_valid(bare)


def number_is_valid(register: Register, column: Column) -> Column:
    """`is_number_of` as a Spark expression: true, false, or null for null. Never raises."""
    bare = F.btrim(column, F.lit(WHITE))
    figures = bare.rlike(f"^{_FIGURES[register]}\\z")
    # Asked of figures alone: of anything else the engine's own check knows no answer.
    valid = F.when(figures, F.call_function("luhn_check", bare)).otherwise(bare.isNull() & F.lit(None).cast("boolean"))
    return bare.rlike(f"^{_LETTERED[register]}\\z") | valid if register in _LETTERED else valid

"""The NIR (social security number), also called INS when it identifies a patient.

Thirteen characters (sex, year and month of birth, place, order number), often with a two-digit key:
97 minus the number modulo 97, where Corsica's 2A and 2B count as 19 and 18 (decree 82-103; INSEE).
Only structure and key are judged: months such as 20-42 or 50-99 exist for persons whose month is unknown,
and departments 96-99 for births abroad.
"""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F
from stdnum.fr.nir import calc_check_digits

_SEPARATORS = " \t\n\r\u00a0\u202f.-"
_BODY = r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}"
_SHAPE = re.compile(rf"({_BODY})([0-9]{{2}})?")
_LOWER, _UPPER = "ab", "AB"


def squeeze_nir(text: str) -> str:
    """The number without separators, Corsica's letter in upper case."""
    return text.translate(str.maketrans(_LOWER, _UPPER, _SEPARATORS))


def nir_key(body: str) -> int:
    """The key (1 to 97) of a squeezed 13-character number; raises `ValueError` for any other shape."""
    if not re.fullmatch(_BODY, body):
        raise ValueError("A NIR has 13 characters: sex, year, month, place and order number.")
    return int(calc_check_digits(body))


def is_nir(text: str) -> bool:
    """True for 13 characters of the right shape, or 15 whose key is also right; separators are ignored."""
    match = _SHAPE.fullmatch(squeeze_nir(text))
    return match is not None and (match[2] is None or int(match[2]) == nir_key(match[1]))


def nir_squeezed(column: Column) -> Column:
    """`squeeze_nir` as a Spark expression."""
    # `translate` drops the characters that have no counterpart.
    return F.translate(column.cast("string"), _LOWER + _SEPARATORS, _UPPER)


def nir_is_valid(column: Column) -> Column:
    """`is_nir` as a Spark expression: true, false, or null for null. Never raises."""
    squeezed = nir_squeezed(column)
    place = F.substring(squeezed, 6, 2)
    digits = F.concat(
        F.substring(squeezed, 1, 5),
        F.when(place == "2A", F.lit("19")).when(place == "2B", F.lit("18")).otherwise(place),
        F.substring(squeezed, 8, 6),
    )
    key = F.lit(97) - digits.try_cast("bigint") % 97
    keyed = squeezed.rlike(f"^{_BODY}[0-9]{{2}}\\z") & (F.substring(squeezed, 14, 2).try_cast("int") == key)
    return F.when(squeezed.isNull(), F.lit(None).cast("boolean")).otherwise(
        squeezed.rlike(f"^{_BODY}\\z") | F.coalesce(keyed, F.lit(False))
    )

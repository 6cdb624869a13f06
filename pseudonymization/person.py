"""Person keys: the keyed digest of (kind, normalized identifier), under the purpose `person`.

`pseudonymization.normal` says how each kind is normalized. A value that its holder sealed is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from pseudonymization.digest import digest_of_normal, keyed_digest_of, normal_text
from pseudonymization.keystore import DerivedKey
from pseudonymization.nir import nir_is_valid, nir_squeezed
from pseudonymization.normal import KINDS, LEADING_ZEROS, MBI, SEALED, check_issuer, check_kind, normal_values

__all__ = ["KINDS", "is_sealed", "person_key", "person_key_of"]


def person_key(kind: str, columns: Sequence[Column], *, steps: int = 0, issuer: str | None = None) -> Column:
    """The person key of each row, in a frame that has the pads of `person` with as many `steps` (see `keyed_digest`).

    `issuer` is who numbers people so, for the kinds of `LOCAL_KINDS`; it identifies nobody and may stand in a plan.
    Null when a value is null, blank or (for `ins` and `mbi`) invalid. Raises `UnknownKind`.
    """
    check_kind(kind, len(columns))
    check_issuer(kind, issuer)
    values = [normal_text(column) for column in columns]
    last = values[-1]
    if kind in ("psa", "omop_person"):
        # A sealed value begins with a letter: there is nothing to take off.
        values[-1] = F.when(last.startswith("0"), F.regexp_replace(last, LEADING_ZEROS, "")).otherwise(last)
    elif kind == "mbi":
        squeezed = F.upper(F.translate(last, "-", ""))
        values[0] = F.when(squeezed.rlike(f"^{MBI}\\z"), squeezed).when(is_sealed(last), last)
    elif kind == "ins":
        number = F.substring(nir_squeezed(columns[0]), 1, 13)
        values[0] = F.when(nir_is_valid(columns[0]), number).when(is_sealed(last), last)
    whose = [F.lit(issuer)] if issuer else []
    return digest_of_normal("person", F.lit(kind), *whose, *values, steps=steps)


def person_key_of(
    key: DerivedKey, kind: str, *values: str | int | None, issuer: str | None = None
) -> str | None:  # fmt: skip
    """What `person_key` gives for the same values, in plain Python. Raises `UnknownKind`."""
    check_issuer(kind, issuer)
    return keyed_digest_of(key, kind, *([issuer] if issuer else []), *normal_values(kind, values))


def is_sealed(value: Column) -> Column:
    """Whether a text is what a data holder made of an identifier (see `sealed`); null for none."""
    return normal_text(value).rlike(f"^{SEALED}\\z")

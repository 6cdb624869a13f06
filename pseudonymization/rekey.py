"""Brings digests that were kept from one generation of keys to the next, without the identifiers that they are of."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType

from pseudonymization.digest import secret_of, with_keys, without_keys
from pseudonymization.keystore import DerivedKey, KeyStore, Step
from pseudonymization.steps import HEX_DIGITS, stepped, stepped_back_of

_KEY = "step"
_ID_DIGITS = 8


def digest_columns(frame: DataFrame) -> list[str]:
    """The columns that may hold digests: text, and lists of text."""
    return [field.name for field in frame.schema.fields if field.dataType in (StringType(), ArrayType(StringType()))]


def bears(frame: DataFrame, name: str, key_id: str) -> Column:
    """Whether a cell is, or its list holds, a digest of this generation; never null."""
    column = F.col(f"`{name}`")
    if isinstance(frame.schema[name].dataType, ArrayType):
        return F.coalesce(F.exists(column, lambda one: _is_of(one, key_id)), F.lit(False))
    return _is_of(column, key_id)


def rekeyed(frame: DataFrame, spark: SparkSession, step: Step, columns: Sequence[str]) -> DataFrame:
    """`frame` with the digests of `step.before` in `columns` made those of `step.after`; all else as it is."""
    keys = {f"{_KEY}{place}": DerivedKey(step.after, secret) for place, secret in enumerate(step.secrets)}

    def moved(cell: Column) -> Column:
        digits = F.substring(cell, _ID_DIGITS + 2, HEX_DIGITS)
        for name in keys:
            digits = stepped(digits, secret_of(name))
        return F.when(_is_of(cell, step.before), F.concat(F.lit(f"{step.after}:"), digits)).otherwise(cell)

    keyed = with_keys(frame, spark, keys)
    columns_now = {
        name: F.transform(F.col(f"`{name}`"), moved)
        if isinstance(frame.schema[name].dataType, ArrayType)
        else moved(F.col(f"`{name}`"))
        for name in columns
    }
    return without_keys(keyed.withColumns(columns_now)) if columns_now else frame


def earlier_forms(digests: Sequence[str], keystore: KeyStore) -> list[str]:
    """These digests of the lake, and what each was called before every rotation that there was."""
    found = set(digests)
    current = [digest.rpartition(":")[2] for digest in digests if digest.startswith(f"{keystore.key_id}:")]
    steps = keystore.derive("person").steps
    for secret, before in zip(reversed(steps), reversed(keystore.earlier()), strict=True):
        current = [stepped_back_of(digits, secret) for digits in current]
        found |= {f"{before.key_id}:{digits}" for digits in current}
    return sorted(found)


def _is_of(cell: Column, key_id: str) -> Column:
    return F.coalesce(cell.rlike(f"^{key_id}:[0-9a-f]{{{HEX_DIGITS}}}\\z"), F.lit(False))

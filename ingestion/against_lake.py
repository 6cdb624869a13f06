"""Rows that come late are compared with what the lake holds: no key is held twice, nothing newer is written over."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.duplicates import CONFLICT, Sorted
from ingestion.places import ROW
from ingestion.prepare import DELETED, REASONS, Prepared

_HELD = "_held_"
_SAME = "_held_same"
_FEW = 1_000_000
"""Rows whose keys are sent to the lake's rows, rather than the lake's rows being gathered by key."""


def against_lake(sorted_: Sorted, accepted: DataFrame, prepared: Prepared, lake: DataFrame) -> Sorted:
    """`sorted_` after its rows were compared with the table as it is read now; `accepted` are its rows, staged.

    A row with the key and the content of one in the lake is a duplicate. With another content it is refused as
    `key_conflict`; in an upsert it goes in when it is later by the contract's `order_by`, and is a duplicate when
    it is not, as two such rows of one batch would be. A table without a key holds what it is given. A key that the
    lake does not hold (a correspondence's) is judged by the whole row.
    """
    contract = prepared.contract
    if not contract.key:
        return sorted_
    content = [name for name in prepared.lake_columns if name in lake.columns and name not in ("batch_id", ROW)]
    key = [name for name in contract.lake_key if name in lake.columns] if contract.lake_key else content
    order = [name for name in contract.order_by if name in content]
    if len(key) < len(contract.lake_key):
        return sorted_
    held = lake.select(
        *[F.col(name).alias(_HELD + name) for name in key],
        _hash(content).alias(_SAME),
        F.struct(*[F.col(name) for name in order], F.lit(0).alias("_")).alias(f"{_HELD}order"),
    )
    by_key: Column = F.lit(True)
    for name in key:
        # A key may have empty parts; only a whole row, which is its own key here, is compared with them.
        equal = F.col(name) == F.col(_HELD + name)
        by_key = by_key & (equal if contract.lake_key else F.col(name).eqNullSafe(F.col(_HELD + name)))
    if accepted.count() <= _FEW:
        held = held.join(F.broadcast(accepted.select(*key)), by_key, "left_semi").localCheckpoint()
    identical = by_key & (_hash(content) == F.col(_SAME))
    if contract.marks:
        # A row that takes the lake's row away is no copy of it.
        identical = identical & ~F.col(DELETED)
    duplicates = accepted.join(held, identical, "left_semi").count()
    others = accepted.join(held, identical, "left_anti")
    fresh = others.join(held, by_key, "left_anti")
    known = others.join(held, by_key, "left_semi")
    if contract.write == "upsert" and order:
        moment = F.struct(*[F.col(name) for name in order], F.lit(0).alias("_"))
        later = moment > F.col(f"{_HELD}order")
        if contract.marks:
            later = later | (F.col(DELETED) & (moment == F.col(f"{_HELD}order")))
        later = by_key & later
        newer = known.join(held, later, "left_semi")
        duplicates += known.join(held, later, "left_anti").count()
        return Sorted(fresh.unionByName(newer), sorted_.refused, sorted_.duplicates + duplicates, sorted_.conflicts)
    conflicts = known.count()
    clashing = known.withColumn(REASONS, F.lit(CONFLICT)).select(sorted_.refused.columns)
    refused = sorted_.refused.unionByName(clashing) if conflicts else sorted_.refused
    return Sorted(fresh, refused, sorted_.duplicates + duplicates, sorted_.conflicts + conflicts)


def _hash(columns: list[str]) -> Column:
    """Of a row's content; the hash passes over nulls, so where they are is hashed too."""
    return F.xxhash64(*columns, *[F.col(name).isNull() for name in columns])

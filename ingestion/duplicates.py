"""Lines that share a key: identical ones are kept once, different ones refused (an upsert takes the last)."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from ingestion.prepare import CONTENT, KEY, ORDER, REASONS, Prepared

CONFLICT = "key_conflict"
FATE = "_fate"
"""What becomes of a good line: kept, duplicate or key_conflict."""


@dataclass(frozen=True)
class Sorted:
    """A batch after its keys were compared.

    `accepted` and `refused` have every column of the prepared frame (`refused` with its `_reasons`);
    `duplicates` and `conflicts` are counts of lines.
    """

    accepted: DataFrame
    refused: DataFrame
    duplicates: int
    conflicts: int


def sort_out(prepared: Prepared) -> Sorted:
    """Find lines that share a key in one narrow pass, and judge only those.

    Only good lines are judged. Identical content under one key: one copy is kept. Other content under the same key:
    all of it is refused as `key_conflict`; with `write: upsert` the greatest by `order_by`, then the last read, is
    kept and the others count as duplicates.
    """
    frame, contract = prepared.frame, prepared.contract
    good, bad = frame.where(F.col(REASONS) == ""), frame.where(F.col(REASONS) != "")
    if not contract.key:
        return Sorted(good, bad, 0, 0)
    # Checkpointed: the hashes of the shared keys are few, and the next steps join them twice.
    shared = frame.groupBy(KEY).count().where("count > 1").select(KEY).localCheckpoint()
    number = shared.count()
    if not number:
        return Sorted(good, bad, 0, 0)
    alone = good.join(F.broadcast(shared), KEY, "left_anti")
    twins = good.join(F.broadcast(shared), KEY, "left_semi")
    judged = judge(prepared, twins)
    counts = judged.agg(
        F.count_if(F.col(FATE) == "duplicate").alias("duplicates"),
        F.count_if(F.col(FATE) == CONFLICT).alias("conflicts"),
    ).first()
    duplicates, conflicts = (int(counts[0]), int(counts[1])) if counts else (0, 0)
    columns = frame.columns
    kept = judged.where(F.col(FATE) == "kept").select(columns)
    clashing = judged.where(F.col(FATE) == CONFLICT).withColumn(REASONS, F.lit(CONFLICT)).select(columns)
    return Sorted(alone.select(columns).unionByName(kept), bad.unionByName(clashing), duplicates, conflicts)


def judge(prepared: Prepared, suspects: DataFrame) -> DataFrame:
    """Good lines that may share keys, with `_fate`: kept, duplicate or key_conflict.

    The hash only gathers; the true key decides.
    """
    contract = prepared.contract
    # A key that the lake does not hold (a correspondence's identifiers) is judged by its hash.
    key = [F.col(name) for name in contract.lake_key] or [F.col(KEY)]
    by_key = Window.partitionBy(*key)
    if contract.write == "upsert":
        latest = [F.col(name).desc_nulls_last() for name in contract.order_by if name in suspects.columns]
        place = F.row_number().over(by_key.orderBy(*latest, F.col(ORDER).desc()))
        return suspects.withColumn(FATE, F.when(place == 1, F.lit("kept")).otherwise(F.lit("duplicate")))
    same = F.min(CONTENT).over(by_key) == F.max(CONTENT).over(by_key)
    copy = F.row_number().over(Window.partitionBy(*key, CONTENT).orderBy(ORDER)) > 1
    fate = F.when(copy, F.lit("duplicate")).when(same, F.lit("kept")).otherwise(F.lit(CONFLICT))
    return suspects.withColumn(FATE, fate)

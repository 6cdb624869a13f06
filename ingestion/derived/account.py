"""Counts a part's rows before any is written: by batch, what is left out and why, what is carried and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.derived.shape import ABSENT, CARRIED, REASON, SPLIT

_PART = "__part"


@dataclass
class Account:
    """Of the rows of one input batch: how many there are after every join, and what becomes of them."""

    rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    absent: int = 0
    split: int = 0
    carried: set[str] = field(default_factory=set)


def count_rows(parts: Mapping[str, DataFrame]) -> Mapping[str, Mapping[str, Account]]:
    """Part -> input batch -> its account, of the rows of all parts in one pass."""
    if not parts:
        return {}
    names = ("batch_id", REASON, CARRIED)
    labelled = [rows.select(F.lit(part).alias(_PART), *names, ABSENT, SPLIT) for part, rows in parts.items()]
    counted = (
        reduce(DataFrame.union, labelled)
        .groupBy(_PART, *names)
        .agg(F.count(F.lit(1)).alias("rows"), F.sum(ABSENT).alias("absent"), F.sum(SPLIT).alias("split"))
    )
    accounts: dict[str, dict[str, Account]] = {part: {} for part in parts}
    for row in counted.collect():
        one = accounts[row[_PART]].setdefault(row["batch_id"], Account())
        one.rows += row["rows"]
        one.absent += row["absent"]
        one.split += row["split"]
        one.carried |= {batch for batch in row[CARRIED].split(",") if batch}
        if row[REASON] is not None:
            one.left_out[row[REASON]] = one.left_out.get(row[REASON], 0) + row["rows"]
    return accounts

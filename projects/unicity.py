"""Measures the rarity of an extract's persons in Spark; `projects.rarity` says what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from projects.dates import SHIFTED, is_date
from projects.rarity import Rarity
from projects.scope import PermitScope, TableContract

_ONE, _ROW, _FIRST = "__one", "__row", "__first"


def measure_extract(
    data: Path, permit: PermitScope, *, spark: SparkSession, contracts: Mapping[str, TableContract]
) -> Rarity:
    """The rarity of the permit's extract in the folder `data`.

    Granted columns are compared, null agreeing with null; not the pseudonyms, nor digests, which differ from project
    to project. The driver receives one row.
    """
    named = [
        _Named(contracts[table], permit.tables[table], spark.read.format("delta").load(str(data / table)))
        for table in permit.tables
        if contracts[table].persons
    ]
    if not named:
        return Rarity(0, 0, 0)
    firsts = _first_dates(named) if permit.dates == SHIFTED else None
    rows = reduce(DataFrame.unionByName, [_points(one, firsts) for one in named])
    alone = rows.groupBy(_ROW).agg(F.count_distinct(_ONE).alias("held"), F.first(_ONE).alias(_ONE)).where("held = 1")
    # A sum of hashes asks neither for the order of rows, nor for all of a person's at one place.
    lives = rows.groupBy(_ONE).agg(
        F.count(F.lit(1)).alias("rows"), F.sum(F.col(_ROW).cast("decimal(38,0)")).alias("sum")
    )
    same = lives.groupBy("rows", "sum").agg(F.count(F.lit(1)).alias("held"))
    told = same.agg(F.sum("held"), F.count_if(F.col("held") == 1)).collect()[0]
    return Rarity(int(told[0] or 0), alone.select(_ONE).distinct().count(), int(told[1]))


@dataclass(frozen=True)
class _Named:
    """A table of the extract that names persons."""

    contract: TableContract
    granted: Sequence[str]
    frame: DataFrame


def _first_dates(named: Iterable[_Named]) -> DataFrame | None:
    """Each person's earliest granted date in any table."""
    found = []
    for one in named:
        days = [F.col(name).cast("date") for name in one.granted if is_date(one.contract.columns[name])]
        if days:
            earliest = F.least(*days) if len(days) > 1 else days[0]
            found.append(one.frame.select(F.col("pseudonym").alias(_ONE), earliest.alias(_FIRST)))
    return reduce(DataFrame.unionByName, found).groupBy(_ONE).agg(F.min(_FIRST).alias(_FIRST)) if found else None


def _points(one: _Named, firsts: DataFrame | None) -> DataFrame:
    """`__one`, `__row`: whose the row is, and a hash of what it tells."""
    rows = one.frame.withColumnRenamed("pseudonym", _ONE)
    if firsts is not None:
        rows = rows.join(firsts, _ONE, "left")

    def told(name: str) -> Column:
        value = F.col(name)
        if firsts is not None and is_date(one.contract.columns[name]):
            value = F.date_diff(value.cast("date"), F.col(_FIRST))
        # Null agrees with null: xxhash64 skips it, so that it must become something.
        return F.coalesce(value.cast("string"), F.lit("\0"))

    compared = [told(name) for name in one.granted if one.contract.columns[name].digest is None]
    return rows.select(_ONE, F.xxhash64(F.lit(one.contract.table), *compared).alias(_ROW))

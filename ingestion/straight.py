"""A batch that is written once, straight from its files; only lines that need a second look are read again.

Three readings of a file at most, and one of them parses every column: the keys alone are compared; good lines are
written; the lines that share a key, and those that were refused, are fetched by their place and looked at closely.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.again import Fetched, Wanted, fetch
from ingestion.contract import Contract
from ingestion.duplicates import CONFLICT, FATE, judge
from ingestion.errors import EngineError
from ingestion.key_sketch import Rows
from ingestion.places import ROW, Places
from ingestion.prepare import KEY, REASONS, Prepared, keys
from ingestion.taken import TakenTable

_FEW = 10_000
"""Places that are named one by one in a condition; more of them are joined."""
_NOWHERE = range(-16, 0)
"""Places that no row has: a condition on more than ten is one Java code whichever they are, and is compiled once."""

Prepare = Callable[[TakenTable], Prepared]
Stage = Callable[[DataFrame, str], DataFrame]


@dataclass(frozen=True)
class Twins:
    """What was found out about lines that share a key: which places are not written, how many copies, what clashes.

    `fetched` are these lines themselves.
    """

    left_out: frozenset[int]
    duplicates: int
    conflicts: DataFrame | None
    fetched: Fetched | None = None


def compare_keys(taken: TakenTable, arrived: DataFrame | Rows, prepare: Prepare, stage: Stage) -> Twins:
    """Look at the lines that share a key, before anything is written. Raises `EngineError`.

    Which lines these are is asked of the engine, in what arrived, or was told by a sketch: whoever writes by a sketch
    asks `repeated_keys` afterwards.
    """
    contract = taken.contract
    wanted: _These | _Numbered
    if isinstance(arrived, DataFrame):
        wanted = _These(sorted(_shared(keys(arrived, contract)) if contract.key else ()))
    else:
        wanted = _Numbered(arrived)
    if not wanted.number:
        return Twins(frozenset(), 0, None)
    prepared, fetched = _again(taken, wanted, wanted.number, prepare, stage, "shared")
    judged = judge(prepared, prepared.frame.where(F.col(REASONS) == ""))
    fates = judged.where(F.col(FATE) != "kept").select(ROW, FATE).collect()
    clashing = judged.where(F.col(FATE) == CONFLICT).withColumn(REASONS, F.lit(CONFLICT))
    duplicates = sum(1 for _, fate in fates if fate == "duplicate")
    conflicts = clashing.select(prepared.frame.columns) if len(fates) > duplicates else None
    left_out = frozenset(fetched.original[number] for number, _ in fates)
    return Twins(left_out, duplicates, conflicts, fetched)


def repeated_keys(written: DataFrame, contract: Contract) -> int:
    """How many keys of the contract several of the `written` rows have."""
    key = [F.col(name) for name in contract.lake_key]
    hashed = written.select(*key, F.xxhash64(*key).alias(KEY))
    twice = hashed.groupBy(KEY).count().where("count > 1").select(KEY).localCheckpoint()
    if twice.isEmpty():
        return 0
    # The hash only gathers; the true key decides.
    suspects = hashed.join(F.broadcast(twice), KEY, "left_semi")
    return suspects.groupBy(*key).count().where("count > 1").count()


def good_rows(prepared: Prepared, twins: Twins, spark: SparkSession) -> DataFrame:
    """The rows of a batch prepared with `only_good` that are written."""
    good = prepared.frame
    left_out = sorted(twins.left_out)
    if len(left_out) <= _FEW:
        # Positions in a file, which say nothing about anybody.
        good = good.where(f"{ROW} NOT IN ({','.join(map(str, [*_NOWHERE, *left_out]))})")
    else:
        others = spark.createDataFrame([(number,) for number in left_out], "_other BIGINT")
        good = good.join(F.broadcast(others), F.col(ROW) == F.col("_other"), "left_anti")
    return good


def places_of(written: DataFrame) -> Places:
    """The places of rows, asked of the engine."""
    bucket, bits = Places.columns()
    found = written.groupBy(bucket.alias("bucket")).agg(bits.alias("bits")).collect()
    return Places((row["bucket"], bytes(row["bits"])) for row in found)


def refused_rows(
    taken: TakenTable, present: Places, number: int, twins: Twins, prepare: Prepare, stage: Stage
) -> tuple[DataFrame, Fetched]:
    """The `number` lines of a batch that are neither `present` in what was written nor left out, with their reasons.

    Raises `EngineError` when they are not found, or are not refused when they are looked at again.
    """
    prepared, fetched = _again(taken, _Missing(present, twins.left_out), number, prepare, stage, "refused")
    refused = prepared.frame.where(F.col(REASONS) != "")
    if refused.count() != number:
        raise _lost(taken)
    return refused, fetched


def _shared(lines: DataFrame) -> frozenset[int]:
    """The places of lines whose key another line has."""
    counted = (
        lines.groupBy(KEY)
        .agg(F.count(F.lit(1)).alias("lines"), F.min(ROW).alias("first"), F.max(ROW).alias("last"))
        .where("lines > 1")
        .localCheckpoint()
    )
    pairs = counted.toPandas()
    places = {*map(int, pairs["first"]), *map(int, pairs["last"])}
    if bool((pairs["lines"] > 2).any()):
        several = counted.where("lines > 2").select(KEY)
        places.update(int(row[0]) for row in lines.join(F.broadcast(several), KEY).select(ROW).collect())
    return frozenset(places)


def _again(
    taken: TakenTable, wanted: Wanted, number: int, prepare: Prepare, stage: Stage, name: str
) -> tuple[Prepared, Fetched]:
    """`number` lines fetched by their places, prepared and staged; and as they were fetched."""
    fetched = fetch(taken, wanted, name)
    if fetched.table is None or len(fetched.original) != number:
        raise _lost(taken)
    prepared = prepare(fetched.table)
    return prepared.over(stage(prepared.frame, f"{taken.contract.table}-{name}")), fetched


@dataclass(frozen=True)
class _These:
    """Rows by their places, in order."""

    places: list[int]

    @property
    def number(self) -> int:
        return len(self.places)

    def among(self, _file: int, _row: int, start: int, rows: int) -> Iterator[int]:
        return _within(self.places, start, rows)


@dataclass(frozen=True)
class _Numbered:
    """Rows by their numbers in their files, in order."""

    rows: Rows

    @property
    def number(self) -> int:
        return sum(map(len, self.rows.values()))

    def among(self, file: int, row: int, _start: int, rows: int) -> Iterator[int]:
        return _within(self.rows.get(file, []), row, rows)


@dataclass(frozen=True)
class _Missing:
    """Rows that are neither present nor left out."""

    present: Places
    left_out: frozenset[int]

    def among(self, _file: int, _row: int, start: int, rows: int) -> Iterator[int]:
        return (place - start for place in self.present.absent(start, rows) if place not in self.left_out)


def _within(numbers: list[int], start: int, count: int) -> Iterator[int]:
    return (number - start for number in numbers[bisect_left(numbers, start) : bisect_left(numbers, start + count)])


def _lost(taken: TakenTable) -> EngineError:
    return EngineError(
        f"{taken.contract.table}: lines that need a second look were not found again where they stood; nothing was "
        "published; this is a defect of the hub."
    )

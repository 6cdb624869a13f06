"""`ingest`: DCIR prestations (`ER_PRS_F`, 122 columns) through the whole of ingestion, against CSV -> Delta."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pyspark.sql.types import StructType

import ingestion.tables
from benchmarks.grow import grow
from benchmarks.harness import Result, Work, measure, measure_against
from benchmarks.sample import Sample
from hub.database import build_engine
from hub.paths import Home
from ingestion.contract import Contract
from ingestion.contract_set import Contracts, load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLE = "ER_PRS_F"
SIZES = (160_000, 1_600_000)
"""Rows of the files that are measured."""
LARGE = 16_000_000
"""Rows of the one that is measured when it is asked for: 7 GB."""


@dataclass(frozen=True)
class Hub:
    """A hub in a folder of its own, to which drops are sent."""

    spark: SparkSession
    home: Home
    contracts: Contracts

    @staticmethod
    def new(spark: SparkSession, root: Path, contracts: Contracts) -> Hub:
        """An empty hub in the place of what was there."""
        shutil.rmtree(root, ignore_errors=True)
        home = Home(root).make()
        KeyStore.create(home.keys)
        engine = build_engine(None, home.records)
        ingestion.tables.metadata.create_all(engine)
        engine.dispose()
        return Hub(spark, home, contracts)

    def ingest(self, drop: Path) -> Work:
        """Take a drop of `ER_PRS_F` through."""
        home = self.home
        engine = build_engine(None, home.records)
        ledger = Ledger(engine)
        folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
        report = ingest_drop(
            "snds", drop, spark=self.spark, lake=Lake(self.spark, home.lake, ledger), ledger=ledger,
            keystore=KeyStore.open(home.keys), contracts=self.contracts, folders=folders,
        )  # fmt: skip
        engine.dispose()
        return Work(report[TABLE].rows_read, sum(file.stat().st_size for file in drop.iterdir()))


def run(spark: SparkSession, work: Path, sample: Sample, runs: int, sizes: Sequence[int] = SIZES) -> list[Result]:
    """The subject reads, checks, pseudonymizes, quarantines, judges and publishes; the baseline only types.

    A month of one in a hundred of the rows follows each of the `sizes`, in rows, and is held against the whole.
    """
    base = next(sample.drop("snds").glob(f"{TABLE}*"))
    contracts = load_contracts()
    schema = typed_schema(contracts[TABLE])
    name = f"{TABLE}, {len(contracts[TABLE].columns)} columns"
    results = []
    for size in sizes:
        drop = work / f"drop-{size}"
        drop.mkdir()
        file = grow(base, size, drop / base.name)

        def bare(file: Path = file) -> Work:
            target = work / "bare"
            shutil.rmtree(target, ignore_errors=True)
            spark.read.schema(schema).option("header", True).csv(str(file)).write.format("delta").save(str(target))
            return Work(spark.read.format("delta").load(str(target)).count(), file.stat().st_size)

        def subject(drop: Path = drop) -> Work:
            return Hub.new(spark, work / "home", contracts).ingest(drop)

        whole = measure(f"ingest: {name}", "typed CSV to Delta", bare, subject, runs)
        shutil.rmtree(work / "bare", ignore_errors=True)
        shutil.rmtree(drop)
        results += [whole, _month(Hub(spark, Home(work / "home"), contracts), work, base, size, runs, whole)]
    return results


def _month(hub: Hub, work: Path, base: Path, size: int, runs: int, whole: Result) -> Result:
    """One in a hundred of the rows, with other keys, after the whole: into the hub that holds it and earlier months."""
    drops = []
    for number in range(runs + 1):
        drops.append(work / f"month-{number}")
        drops[-1].mkdir()
        # Beyond the copies that the whole is made of.
        grow(base, size // 100, drops[-1] / base.name, first=1_000 * (number + 1))
    months = iter(drops)
    result = measure_against(
        "ingest: a month of 1 %", f"the load of {size} rows", whole.seconds, lambda: hub.ingest(next(months)), runs
    )  # fmt: skip
    for drop in drops:
        shutil.rmtree(drop)
    return result


def typed_schema(contract: Contract) -> StructType:
    """The contract's columns and types as the baseline reads them."""
    names = {"int": "int", "long": "bigint"}
    fields = [f"`{name}` {names.get(column.type, column.type)}" for name, column in contract.columns.items()]
    return cast(StructType, StructType.fromDDL(", ".join(fields)))

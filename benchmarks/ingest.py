"""`ingest`: DCIR prestations (`ER_PRS_F`, 122 columns) through the whole of ingestion, against CSV -> Delta."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pyspark.sql.types import StructType

import ingestion.tables
from benchmarks.harness import Result, Work, measure
from benchmarks.sample import Sample
from hub.database import build_engine
from hub.paths import Home
from ingestion.contract import Contract
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLE = "ER_PRS_F"


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """The subject reads, checks, pseudonymizes, quarantines, judges and publishes; the baseline only types."""
    drop = sample.part("snds", (TABLE,), work / "drop")
    file = next(drop.glob(f"{TABLE}*"))
    contracts = load_contracts()
    schema = typed_schema(contracts[TABLE])
    size = file.stat().st_size

    def bare() -> Work:
        target = work / "bare"
        shutil.rmtree(target, ignore_errors=True)
        spark.read.schema(schema).option("header", True).csv(str(file)).write.format("delta").save(str(target))
        return Work(spark.read.format("delta").load(str(target)).count(), size)

    def subject() -> Work:
        root = work / "home"
        shutil.rmtree(root, ignore_errors=True)
        home = Home(root).make()
        engine = build_engine(None, home.records)
        ingestion.tables.metadata.create_all(engine)
        ledger = Ledger(engine)
        folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
        report = ingest_drop(
            "snds", drop, spark=spark, lake=Lake(spark, home.lake, ledger), ledger=ledger,
            keystore=KeyStore.create(home.keys), contracts=contracts, folders=folders,
        )  # fmt: skip
        engine.dispose()
        return Work(report[TABLE].rows_read, size)

    name = f"{TABLE}, {len(contracts[TABLE].columns)} columns"
    return [measure(f"ingest: {name}", "typed CSV to Delta", bare, subject, runs)]


def typed_schema(contract: Contract) -> StructType:
    """The contract's columns and types as the baseline reads them."""
    names = {"int": "int", "long": "bigint"}
    fields = [f"`{name}` {names.get(column.type, column.type)}" for name, column in contract.columns.items()]
    return cast(StructType, StructType.fromDDL(", ".join(fields)))

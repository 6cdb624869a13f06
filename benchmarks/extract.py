"""`extract`: compiling a permit on a register, claims and their details, against a bare Delta copy of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ingestion.tables
from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import YEARS, Sample
from hub.database import build_engine
from hub.paths import Home
from ingestion.catalogue import grantable_columns
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import PERSON_LINK, Lake
from ingestion.ledger import Ledger
from projects.extract import compile_extract
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SOURCE = "snds"
TABLES = ("IR_BEN_R", "ER_PRS_F", "ER_PHA_F")


@dataclass(frozen=True)
class Everything:
    """A permit on every grantable column, the sample's years and all persons."""

    tables: Mapping[str, tuple[str, ...]]
    id: str = "p0001"
    title: str = "Benchmark"
    date_from: date | None = date(YEARS[0], 1, 1)
    date_to: date | None = date(YEARS[1], 12, 31)
    born_from: int | None = None
    born_to: int | None = None
    end_date: date = date(2099, 12, 31)
    dates: str = "exact"


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """Claims are ingested first, which is not measured; each run writes the whole extract anew."""
    home, contracts = Home(work / "home").make(), load_contracts()
    engine = build_engine(None, home.records)
    ingestion.tables.metadata.create_all(engine)
    ledger, keystore = Ledger(engine), KeyStore.create(home.keys)
    lake = Lake(spark, home.lake, ledger)
    folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
    drop = sample.part(_SOURCE, TABLES, work / "drop")
    ingest_drop(
        _SOURCE, drop, spark=spark, lake=lake, ledger=ledger, keystore=keystore, contracts=contracts, folders=folders
    )
    tables = [name for name in lake.tables() if name != PERSON_LINK and contracts[name].grantable]
    permit = Everything({name: grantable_columns(contracts[name]) for name in tables})
    size = sum(size_of(home.lake / name) for name in tables)

    def bare() -> Work:
        rows = 0
        for name in tables:
            target = work / "bare" / name
            shutil.rmtree(target, ignore_errors=True)
            lake.read(name).write.format("delta").save(str(target))
            rows += spark.read.format("delta").load(str(target)).count()
        return Work(rows, size)

    def subject() -> Work:
        folder = work / "extract"
        shutil.rmtree(folder, ignore_errors=True)
        report = compile_extract(
            permit, spark=spark, lake=lake, contracts=contracts, keystore=keystore, folder=folder
        )  # fmt: skip
        return Work(sum(one.rows + one.held + one.outside for one in report.tables.values()), size)

    result = measure(f"extract: {', '.join(tables)}", "bare Delta copy", bare, subject, runs)
    engine.dispose()
    return [result]

"""The SNDS as it is described by others: every table drafted, and taken in with no hand edit."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.paths import Home
from ingestion.contract_set import Contracts
from ingestion.importing.classification import read_classification
from ingestion.importing.draft import draft
from ingestion.importing.table_schema import read_table_schema
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.real_data

TABLES = 191
EVERY = 16
"""Each so manieth table is taken in by the short suite."""


@pytest.fixture(scope="module")
def contracts(real_data: Path) -> Contracts:
    schemas = [read_table_schema(path) for path in sorted((real_data / "snds" / "tables").rglob("*.json"))]
    return Contracts(draft(schemas, read_classification("snds"), source="snds"))


def test_every_table_becomes_a_contract_of_the_columns_that_its_file_has(contracts: Contracts, real_data: Path) -> None:
    assert len(contracts) == TABLES
    for path in (real_data / "snds" / "tables").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            assert tuple(next(csv.reader(lines))) == contracts[path.stem].file_columns


def test_codes_that_are_text_in_the_source_stay_text(contracts: Contracts) -> None:
    assert contracts["T_MCOaaB"].columns["ETA_NUM"].type == "string"
    assert contracts["T_MCOaaB"].columns["RSA_NUM"].type == "string"


def test_no_column_that_names_a_person_reaches_the_lake(contracts: Contracts) -> None:
    naming = read_classification("snds").naming
    open_ones = [
        (table, column)
        for table, contract in contracts.items()
        for column in contract.lake_columns
        if column.upper() in naming or "_NIR_" in column.upper()
    ]
    assert open_ones == []


def test_what_hangs_on_a_person_reaches_one(contracts: Contracts) -> None:
    for table in ("ER_PRS_F", "ER_PHA_F", "ER_CAM_F", "T_MCOaaB", "T_MCOaaA", "T_SSRaaB", "T_HADaaB", "NS_PRS_F"):
        assert contracts[table].persons, table


@pytest.mark.spark
@pytest.mark.long
def test_some_tables_come_through_and_add_up(
    contracts: Contracts, home: Home, ledger: Ledger, spark: SparkSession, real_data: Path
) -> None:
    take_in(sorted(contracts)[::EVERY], contracts, home, ledger, spark, real_data)


@pytest.mark.spark
@pytest.mark.long
def test_every_table_comes_through_and_adds_up(
    contracts: Contracts, home: Home, ledger: Ledger, spark: SparkSession, real_data: Path
) -> None:
    take_in(sorted(contracts), contracts, home, ledger, spark, real_data)


def take_in(
    tables: list[str], contracts: Contracts, home: Home, ledger: Ledger, spark: SparkSession, real_data: Path
) -> None:
    drop = home.landing / "snds" / "real"
    drop.mkdir(parents=True)
    lines = {}
    for table in tables:
        (path,) = (real_data / "snds" / "tables").rglob(f"{table}.csv")
        shutil.copyfile(path, drop / path.name)
        with path.open(encoding="utf-8", newline="") as file:
            lines[table] = sum(1 for _ in csv.reader(file)) - 1
    lake = Lake(spark, home.lake, ledger)
    report = ingest_drop(
        "snds", drop, spark=spark, lake=lake, ledger=ledger, keystore=KeyStore.create(home.keys), contracts=contracts,
        folders=Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks"),
    )  # fmt: skip
    assert report.holds
    assert {one.table: one.rows_read for one in report.tables} == lines
    for one in report.tables:
        assert lake.read(one.table).count() == one.accepted

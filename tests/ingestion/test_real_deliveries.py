"""Deliveries that nobody here wrote, through contracts that are made from their headers alone."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from hub.paths import Home
from ingestion.contract_set import Contracts, load_contracts
from ingestion.drop import take_in
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.reports import Report
from ingestion.sources import source_of
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.real_data

CLAIM = ("GEO_BENE_SK", "CLM_DT_SGNTR_SK", "CLM_TYPE_CD", "CLM_NUM_SK")
ORPHANS = {"CLM_FISS": 1, "CLM_INSTNL": 1, "CLM_LINE": 14, "CLM_LINE_INSTNL": 14, "CLM_PROD": 7, "CLM_VAL": 2}
"""Rows whose claim is not among the claims, counted beside this project."""


def contract(table: str, source: str, files: str, header: Sequence[str], **more: object) -> dict[str, object]:
    columns: dict[str, object] = {name: {"sensitivity": "plain", "fr": "x", "en": "x"} for name in header}
    for name in CLAIM:
        if name in columns:
            columns[name] = {"required": True, "sensitivity": "record_key", "fr": "x", "en": "x"}
    label = {"fr": table, "en": table}
    words = {"table": table, "version": 1, "source": source, "files": files, "format": "csv", "label": label}
    return {**words, "columns": columns, **more}


def written(contracts: Mapping[str, dict[str, object]], folder: Path) -> Contracts:
    folder.mkdir()
    for name, words in contracts.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    return load_contracts(folder)


def cms(folder: Path, tables: Sequence[str] | None = None) -> dict[str, dict[str, object]]:
    """A contract for each file: whatever has the claim's four keys refers to the claims."""
    found: dict[str, dict[str, object]] = {}
    for path in sorted(folder.glob("SYNTHETIC_*.csv")):
        table = path.stem.removeprefix("SYNTHETIC_")
        if tables is not None and table not in tables:
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            header = next(csv.reader(lines))
        more: dict[str, object] = {}
        if table == "CLM":
            more["references"] = [{"table": "CLM_DT_SGNTR", "keys": {"CLM_DT_SGNTR_SK": "CLM_DT_SGNTR_SK"}}]
        elif set(CLAIM) <= set(header):
            more["references"] = [{"table": "CLM", "keys": {key: key for key in CLAIM}}]
        found[table] = contract(table, "cms", path.name, header, **more)
    return found


def ingested(contracts: Contracts, drop: Path, home: Home, ledger: Ledger, spark: SparkSession) -> Report:
    return ingest_drop(
        "cms", drop, spark=spark, lake=Lake(spark, home.lake, ledger), ledger=ledger,
        keystore=KeyStore.create(home.keys), contracts=contracts,
        folders=Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks"),
    )  # fmt: skip


def delivered(real_data: Path, home: Home, tables: Sequence[str]) -> Path:
    drop = home.landing / "cms" / "real"
    drop.mkdir(parents=True)
    for table in tables:
        shutil.copyfile(real_data / "cms" / f"SYNTHETIC_{table}.csv", drop / f"SYNTHETIC_{table}.csv")
    return drop


@pytest.mark.spark
def test_claims_without_their_dates_and_lines_without_their_claim_are_found(
    home: Home, ledger: Ledger, spark: SparkSession, real_data: Path, tmp_path: Path
) -> None:
    tables = ("CLM", "CLM_DT_SGNTR", "CLM_LINE")
    contracts = written(cms(real_data / "cms", tables), tmp_path / "contracts")
    report = ingested(contracts, delivered(real_data, home, tables), home, ledger, spark)
    assert report.holds
    assert report["CLM"].details == {"missing_parent:CLM_DT_SGNTR": 5}
    assert (report["CLM"].rows_read, report["CLM"].accepted) == (150, 145)
    assert report["CLM_LINE"].details == {"missing_parent:CLM": 14}
    assert (report["CLM_LINE"].rows_read, report["CLM_LINE"].accepted) == (1039, 1025)
    assert report["CLM_DT_SGNTR"].accepted == 144


@pytest.mark.spark
@pytest.mark.long
def test_all_31_tables_of_claims_come_through(
    home: Home, ledger: Ledger, spark: SparkSession, real_data: Path, tmp_path: Path
) -> None:
    words = cms(real_data / "cms")
    assert len(words) == 31
    report = ingested(
        written(words, tmp_path / "contracts"), delivered(real_data, home, list(words)), home, ledger, spark
    )
    assert report.holds
    assert len(report.tables) == 31
    refused = {table.table: dict(table.details) for table in report.tables if table.refused}
    assert refused == {
        "CLM": {"missing_parent:CLM_DT_SGNTR": 5},
        **{table: {"missing_parent:CLM": number} for table, number in ORPHANS.items()},
    }


def test_the_zip_of_a_common_data_model_is_taken_in_by_the_names_of_its_members(
    real_data: Path, tmp_path: Path
) -> None:
    (archive,) = (real_data / "omop").glob("*.zip")
    expected, words = {}, {}
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            if info.filename.startswith("__MACOSX"):
                continue
            table = info.filename.removesuffix(".csv")
            rows = list(csv.reader(io.TextIOWrapper(file.open(info), "utf-8", newline="")))
            expected[table] = len([row for row in rows if row]) - 1
            words[table] = contract(table, "omop", info.filename, rows[0])
    drop = tmp_path / "drop"
    drop.mkdir()
    shutil.copyfile(archive, drop / "delivery.zip")
    contracts = written(words, tmp_path / "contracts").source("omop")
    taken = take_in("omop", drop, contracts, tmp_path / "intake")
    for table in taken.tables:
        source_of(table.contract).check(table)
    assert {table.contract.table: table.total("rows") for table in taken.tables} == expected
    assert expected["PERSON"] == 28
    assert taken.unmatched == 0

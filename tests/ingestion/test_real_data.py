"""Files that nobody here wrote: they must come through, whatever they hold, and add up."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.reports import Report
from ingestion.sql_on_fhir.definition import load_view
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.real_data]

NOTES = 60
"""Of 1,215 notes, how many are scrubbed here: enough to see that they are."""


def take(source: str, drop: Path, home: Home, ledger: Ledger, spark: SparkSession) -> tuple[Report, Lake]:
    lake = Lake(spark, home.lake, ledger)
    folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
    report = ingest_drop(
        source, drop, spark=spark, lake=lake, ledger=ledger, keystore=KeyStore.create(home.keys),
        contracts=load_contracts(), folders=folders,
    )  # fmt: skip
    return report, lake


def test_the_core_tables_of_the_snds(home: Home, ledger: Ledger, spark: SparkSession, real_data: Path) -> None:
    drop = home.landing / "snds" / "real"
    drop.mkdir(parents=True)
    tables = [contract.table for contract in load_contracts().source("snds")]
    for table in tables:
        (path,) = (real_data / "snds" / "tables").rglob(f"{table}.csv")
        shutil.copyfile(path, drop / path.name)
    report, lake = take("snds", drop, home, ledger, spark)
    assert report.holds
    assert {table.table for table in report.tables} == set(tables)
    assert all(table.rows_read == 10 for table in report.tables)
    assert report["IR_BEN_R"].accepted == 10
    # Random rows: many end before they start, and that is all that is wrong with them.
    assert set(report["ER_PRS_F"].quarantined) == {"end_before_start"}
    assert lake.read("ER_PHA_F").first()["ORG_CLE_NEW"].startswith("01C")  # type: ignore[index]


def test_ten_patients_of_a_fhir_server(home: Home, ledger: Ledger, spark: SparkSession, real_data: Path) -> None:
    source = real_data / "fhir" / "10-patients"
    drop = home.landing / "chu" / "real"
    drop.mkdir(parents=True)
    for name in ("Patient", "Encounter", "Condition", "MedicationRequest", "Immunization", "Practitioner", "Device"):
        shutil.copyfile(source / f"{name}.000.ndjson", drop / f"{name}.000.ndjson")
    with (source / "DocumentReference.000.ndjson").open(encoding="utf-8") as lines:
        (drop / "DocumentReference.000.ndjson").write_text("".join(islice(lines, NOTES)), encoding="utf-8")
    report, lake = take("chu", drop, home, ledger, spark)
    assert report.unmatched == 1
    read = {table.table: (table.rows_read, table.accepted) for table in report.tables}
    assert read == {
        "fhir_patient": (13, 13),
        "fhir_encounter": (1215, 1215),
        "fhir_condition": (555, 555),
        "fhir_medication_request": (1745, 1745),
        "fhir_immunization": (161, 161),
        "fhir_practitioner": (43, 43),
        "fhir_document_reference": (NOTES, NOTES),
    }
    notes = " ".join(row["note"] for row in lake.read("fhir_document_reference").collect())
    assert "Chief Complaint" in notes
    assert "Medhurst46" not in notes
    assert "Sumiko254" not in notes


@pytest.mark.long
def test_the_whole_export_adds_up(home: Home, ledger: Ledger, spark: SparkSession, real_data: Path) -> None:
    """Every resource with a contract: rows read are the lines of its file, and all of them are accounted for."""
    drop = home.landing / "chu" / "whole"
    drop.mkdir(parents=True)
    lines = {}
    for path in sorted((real_data / "fhir" / "10-patients").glob("*.ndjson")):
        shutil.copyfile(path, drop / path.name)
        lines[path.name.split(".")[0]] = path.read_bytes().count(b"\n")
    report, lake = take("chu", drop, home, ledger, spark)
    resources = {c.table: load_view(c.view or "").resource for c in load_contracts().source("chu")}
    assert {table.table for table in report.tables} == {t for t, r in resources.items() if r in lines}
    for table in report.tables:
        assert table.rows_read == lines[resources[table.table]], table.table
        assert table.rows_read == table.accepted + sum(table.quarantined.values()) + table.duplicates, table.table
        assert table.accepted == table.rows_read, table.table
        assert lake.read(table.table).count() == table.accepted
    # What the lake keeps of professionals and organizations says no name, no street and no number in clear.
    kept = " ".join(
        str(row) for name in ("fhir_practitioner", "fhir_organization") for row in lake.read(name).collect()
    )
    for word in ("Emard19", "Irvin970", "9999908392", "0965e26a-8bc3-395f-b7b0-4620fb6e778c", "HILLTOP", "6202982781"):
        assert word not in kept

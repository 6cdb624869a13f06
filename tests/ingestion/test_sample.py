"""The sample of 150 people, end to end: every declared fault is found, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.demo.sample.generate import generate
from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


def test_the_sample_is_taken_in_to_the_row(home: Home, ledger: Ledger, spark: SparkSession, tmp_path: Path) -> None:
    manifest = generate(150, (2022, 2023), 1, home.landing)
    keystore = KeyStore.create(home.keys)
    lake = Lake(spark, home.lake, ledger)
    folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
    found = {}
    for source in ("snds", "chu", "correspondence"):
        report = ingest_drop(
            source, home.landing / source / manifest.drop, spark=spark, lake=lake, ledger=ledger, keystore=keystore,
            contracts=load_contracts(), folders=folders,
        )  # fmt: skip
        assert report.holds
        assert report.unmatched == 0
        for table in report.tables:
            found[table.table] = (table.rows_read, table.accepted, dict(table.quarantined), table.duplicates)
    assert found == {
        table: (one.rows_read, one.accepted, one.quarantined, one.duplicates)
        for table, one in manifest.expected.items()
    }
    notes = [row["note"] for row in lake.read("fhir_document_reference").collect()]
    assert all(note for note in notes)
    links = lake.read("person_link")
    linked = links.where("kind = 'fhir_patient'").join(
        links.where("kind = 'psa'").select("person").distinct(), "person"
    )
    assert linked.count() == manifest.linked
    assert list(home.intake.iterdir()) == []
    assert list(home.sealed_tmp.iterdir()) == []

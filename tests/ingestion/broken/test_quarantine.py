"""Damaged records end in quarantine, whole, and the equation holds."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.paths import Home
from ingestion.contract_set import Contracts, load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.quarantine import Quarantine
from ingestion.reports import Report
from pseudonymization.keystore import KeyStore
from tests.ingestion.site import write_contracts
from tests.ingestion.test_kinds import BOMB, EXPECTED, FILES

pytestmark = pytest.mark.spark


class Site:
    """A hub whose source delivers every kind."""

    def __init__(self, home: Home, ledger: Ledger, spark: SparkSession, contracts: Contracts) -> None:
        self.home, self.ledger, self.spark, self.contracts = home, ledger, spark, contracts
        self.keystore = KeyStore.create(home.keys)
        self.lake = Lake(spark, home.lake, ledger)
        self.folder = home.landing / "site" / "d1"
        self.folder.mkdir(parents=True)

    def ingest(self, **files: bytes) -> Report:
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        home = self.home
        return ingest_drop(
            "site", self.folder, spark=self.spark, lake=self.lake, ledger=self.ledger, keystore=self.keystore,
            contracts=self.contracts,
            folders=Folders(
                home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks", home.seen
            ),
        )  # fmt: skip


@pytest.fixture
def site(home: Home, ledger: Ledger, spark: SparkSession, tmp_path: Path) -> Site:
    return Site(home, ledger, spark, load_contracts(write_contracts(tmp_path / "contracts")))


def refused(table: str) -> int:
    return sum(1 for reasons, _ in EXPECTED[table] if reasons)


def nothing_left(home: Home) -> None:
    assert list(home.intake.iterdir()) == []
    assert list(home.sealed_tmp.iterdir()) == []


def test_documents_that_cannot_be_read_are_sealed_whole_and_a_changed_file_is_noticed(site: Site) -> None:
    documents = {name: content for name, content in FILES.items() if name.startswith("doc_")}
    report = site.ingest(**documents)
    table = report["documents"]
    assert report.holds
    assert (table.rows_read, table.refused) == (len(EXPECTED["documents"]), refused("documents"))
    assert dict(table.quarantined) == {"malformed_row": refused("documents")}
    nothing_left(site.home)
    (batch,) = site.ledger.batches(table="documents")
    opened = Quarantine(site.spark, site.home.quarantine).open("documents", batch.batch_id, site.keystore).collect()
    assert any(base64.b64encode(BOMB).decode() in row["row"] for row in opened)
    assert (report.changed_files, site.ingest().changed_files) == (0, 0)
    again = site.ingest(**{"doc_1.xml": FILES["doc_2.xml"].replace(b"D2", b"D9")})
    assert again.changed_files == 1
    assert again["documents"].state == "published"


@pytest.mark.long
def test_a_drop_of_every_kind_with_its_faults_adds_up(site: Site) -> None:
    report = site.ingest(**FILES)
    assert report.holds
    assert {one.table: (one.rows_read, one.refused) for one in report.tables} == {
        table: (len(rows), refused(table)) for table, rows in EXPECTED.items()
    }
    assert not any(one.duplicates for one in report.tables)
    nothing_left(site.home)

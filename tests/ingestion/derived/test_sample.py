"""The synthetic sample, from its files to an extract: flat tables and the timeline as a project gets them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from hub.demo.sample.generate import generate
from hub.paths import Home
from ingestion.catalogue import catalogue, grantable_columns
from ingestion.contract_set import load_contracts
from ingestion.derived.build import derive
from ingestion.derived.definition import load_definitions
from ingestion.derived.records import Records
from ingestion.derived.shapes import shapes, with_derived
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from projects.extract import compile_extract
from pseudonymization.keystore import KeyStore
from tests.projects.test_extract import permit

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.long]
PARTS = ("ER_PRS_F", "ER_PHA_F", "ER_CAM_F")


def test_a_permit_on_derived_tables_becomes_an_extract(
    home: Home, engine: Engine, ledger: Ledger, spark: SparkSession, tmp_path: Path
) -> None:
    manifest = generate(40, (2023, 2024), 1, home.landing)
    keystore, lake, locks = KeyStore.create(home.keys), Lake(spark, home.lake, ledger), home.run / "locks"
    folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, locks)
    delivered = load_contracts()
    for source in ("snds", "chu", "correspondence"):
        ingest_drop(
            source, home.landing / source / manifest.drop, spark=spark, lake=lake, ledger=ledger, keystore=keystore,
            contracts=delivered, folders=folders,
        )  # fmt: skip
    records = Records(engine)
    reports = {
        name: derive(shape, spark=spark, lake=lake, ledger=ledger, records=records, locks=locks)
        for name, shape in shapes(delivered, load_definitions()).items()
    }
    for report in reports.values():
        assert report.state == "published"
        assert all(part.holds for part in report.parts)
    assert reports["DCIR"].rows == sum(lake.read(table).count() for table in PARTS)
    contracts = with_derived(delivered, load_definitions())
    shown = {one.name: one for one in catalogue(contracts, ledger)}
    assert shown["timeline"].published
    assert shown["DCIR"].record_keys == ("prestation",)

    granted = {name: grantable_columns(contracts[name]) for name in ("DCIR", "timeline", "ER_PHA_F")}
    folder = tmp_path / "projects" / "p0001" / "data"
    extract = compile_extract(
        permit(tables=granted, date_from=date(2023, 1, 1), date_to=date(2024, 12, 31)), spark=spark, lake=lake,
        contracts=contracts, keystore=keystore, folder=folder,
    )  # fmt: skip
    flat, line, drugs = (spark.read.format("delta").load(str(folder / one)) for one in ("DCIR", "timeline", "ER_PHA_F"))
    assert extract.tables["DCIR"].rows > 0
    days = ("start", "start_precision", "end", "end_precision")
    assert set(line.columns) == {"pseudonym", "category", "code", "value", *days, "source"}
    closed = {"person_key", "batch_id", "DCT_ORD_NUM", "BEN_NIR_PSA"}
    assert not closed & {*flat.columns, *line.columns}
    # The same person and the same service under the same pseudonym and digest, whichever table one asks.
    known = drugs.select("pseudonym", "prestation_key", "PHA_PRS_C13")
    stacked = flat.where("part = 'ER_PHA_F'").select("pseudonym", "prestation_key", "PHA_PRS_C13")
    assert known.exceptAll(stacked).count() == stacked.exceptAll(known).count() == 0
    lake_keys = {row[0] for row in lake.read("timeline").select("person_key").distinct().collect()}
    assert not lake_keys & {row[0] for row in line.select("pseudonym").distinct().collect()}
    cohort = line.where("category = 'dispensation'").select("pseudonym").distinct().count()
    assert 0 < cohort <= extract.pseudonyms

"""The SNDS's own tables, which nobody here wrote: flattened, a row for a row, against counts made with no join."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from hub.paths import Home
from ingestion.contract_set import Contracts
from ingestion.derived.build import derive
from ingestion.derived.definition import Flat, load_definitions
from ingestion.derived.records import Records
from ingestion.derived.shapes import shapes, with_derived
from ingestion.importing.classification import Pattern, read_classification
from ingestion.importing.draft import draft
from ingestion.importing.table_schema import read_table_schema
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.real_data

OPENED = Pattern(columns=("GRG_GHM", "DGN_PAL", "DGN_REL", "ASS_DGN", "CDC_ACT"), sensitivity="plain")
"""What the packaged classification leaves to whoever reads the drafts."""
FLATS = {
    name: one for name, one in load_definitions().items() if isinstance(one, Flat)
}  # fmt: skip


@pytest.fixture(scope="module")
def contracts(real_data: Path) -> Contracts:
    schemas = [read_table_schema(path) for path in sorted((real_data / "snds" / "tables").rglob("*.json"))]
    known = read_classification("snds")
    opened = known.model_copy(update={"patterns": (OPENED, *known.patterns)})
    return Contracts(draft(schemas, opened, source="snds"))


def test_every_definition_fits_the_drafted_contracts(contracts: Contracts) -> None:
    problems: list[str] = []
    found = shapes(contracts, load_definitions(), problems)
    assert set(found) == {*FLATS, "timeline"}
    for name, definition in FLATS.items():
        assert [part.name for part in found[name].parts] == list(definition.inputs)
        assert not found[name].contract.grantable
    # The events of resources that are no tables of the SNDS are absent, and those of unclassified codes are said.
    assert all(" is without `" in one for one in problems)


def test_nothing_that_names_a_person_is_in_a_derived_table(contracts: Contracts) -> None:
    naming = read_classification("snds").naming
    derived = [one for one in with_derived(contracts, load_definitions()).values() if one.format == "derived"]
    assert len(derived) == len(FLATS) + 1
    assert [name for one in derived for name in one.columns if name.upper() in naming or "_NIR_" in name.upper()] == []


@pytest.mark.spark
@pytest.mark.long
@pytest.mark.parametrize("name", sorted(FLATS))
def test_a_family_is_stacked_to_the_row(
    name: str, contracts: Contracts, home: Home, engine: Engine, ledger: Ledger, spark: SparkSession, real_data: Path
) -> None:
    shape = shapes(contracts, load_definitions())[name]
    drop = home.landing / "snds" / "real"
    drop.mkdir(parents=True)
    lines = {}
    for table in FLATS[name].inputs:
        (path,) = (real_data / "snds" / "tables").rglob(f"{table}.csv")
        shutil.copyfile(path, drop / path.name)
        with path.open(encoding="utf-8", newline="") as file:
            lines[table] = sum(1 for _ in csv.reader(file)) - 1
    lake, keystore, locks = Lake(spark, home.lake, ledger), KeyStore.create(home.keys), home.run / "locks"
    taken = ingest_drop(
        "snds", drop, spark=spark, lake=lake, ledger=ledger, keystore=keystore, contracts=contracts,
        folders=Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, locks),
    )  # fmt: skip
    report = derive(shape, spark=spark, lake=lake, ledger=ledger, records=Records(engine), locks=locks)
    stacked = {row["part"]: row["count"] for row in lake.read(name).groupBy("part").count().collect()}
    for table in FLATS[name].inputs:
        assert taken[table].rows_read == lines[table]
        # A part whose every row was refused on its way in has no batch to derive from.
        if taken[table].accepted:
            part = report[table]
            assert part.rows_read == taken[table].accepted == part.written + sum(part.left_out.values())
            assert stacked.get(table, 0) == part.written
    assert sum(stacked.values()) == report.rows
    known = shapes(contracts, load_definitions())
    line = derive(known["timeline"], spark=spark, lake=lake, ledger=ledger, records=Records(engine), locks=locks)
    assert all(part.holds and part.rows_read <= report.rows for part in line.parts)
    assert derive(shape, spark=spark, lake=lake, ledger=ledger, records=Records(engine), locks=locks).state == (
        "unchanged"
    )
    print(name, {one.part: (one.rows_read, one.written, dict(one.left_out), one.absent) for one in report.parts})

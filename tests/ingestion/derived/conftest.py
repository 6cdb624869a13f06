"""A small hub with two lake tables and a child: visits of people, and what was given at each visit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.derived.build import Progress, _silent, derive
from ingestion.derived.definition import Flat, Timeline, read_definition
from ingestion.derived.records import Records
from ingestion.derived.report import DerivedReport
from ingestion.derived.shapes import shapes
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.reports import Report
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

VISIT = """
table: VISIT
version: 1
source: small
files: "VISIT*.csv"
format: csv
label: {fr: Visites, en: Visits}
key: [number]
record_keys: {visit: [number]}
persons: [{role: patient, identifiers: [{kind: ipp, columns: [who]}]}]
period: {column: day}
columns:
  number: {required: true, sensitivity: record_key, fr: n, en: n}
  who: {sensitivity: direct, fr: w, en: w}
  day: {type: date, sensitivity: plain, fr: d, en: d}
  qualifier: {type: int, sensitivity: plain, fr: q, en: q}
  note: {sensitivity: quasi, fr: n, en: n}
"""
DRUG = """
table: DRUG
version: 1
source: small
files: "DRUG*.csv"
format: csv
label: {fr: Médicaments, en: Drugs}
record_keys: {visit: [number]}
persons: [{role: patient, via: {table: VISIT, keys: {number: number}}}]
columns:
  number: {required: true, sensitivity: record_key, fr: n, en: n}
  code: {sensitivity: plain, fr: c, en: c}
  note: {sensitivity: plain, fr: n, en: n}
"""
ACT = DRUG.replace("DRUG", "ACT").replace("Drugs", "Acts")
FLAT = """
kind: flat
table: FLAT
version: 1
label: {fr: À plat, en: Flat}
carried: [{table: VISIT, keys: [number]}]
parts: [DRUG, ACT]
filters: [{name: for_information, column: qualifier, equals: ["71"], fr: f, en: e}]
"""
LINE = """
kind: timeline
table: LINE
version: 1
label: {fr: Chronologie, en: Timeline}
events:
  - {category: visit, table: FLAT, part: VISIT, start: [day], end: day}
  - {category: drug, table: FLAT, part: DRUG, code: code, value: DRUG_note, start: [day]}
  - {category: act, table: FLAT, part: ACT, code: ACT_code, says: done, start: [day]}
"""
HEADERS = {"VISIT": "number,who,day,qualifier,note", "DRUG": "number,code,note", "ACT": "number,code,note"}


@dataclass
class Claims:
    """The hub, with what a test does to it."""

    home: Home
    engine: Engine
    spark: SparkSession
    ledger: Ledger
    lake: Lake
    keystore: KeyStore
    place: Path
    contracts: dict[str, str] = field(default_factory=lambda: {"VISIT": VISIT, "DRUG": DRUG, "ACT": ACT})
    definitions: dict[str, str] = field(default_factory=lambda: {"FLAT": FLAT, "LINE": LINE})

    def _written(self, folder: str, texts: dict[str, str]) -> Path:
        place = self.place / folder
        place.mkdir(exist_ok=True)
        for name, text in texts.items():
            (place / f"{name}.yaml").write_text(text, encoding="utf-8")
        return place

    def known(self) -> dict[str, Flat | Timeline]:
        place = self._written("definitions", self.definitions)
        return {name: read_definition(place / f"{name}.yaml") for name in self.definitions}

    def take(self, name: str, *, replay: bool = False, **tables: Sequence[str]) -> Report:
        """Ingest a drop of these lines; again under a new version of a contract, when it is replayed."""
        folder = self.home.landing / "small" / name
        folder.mkdir(parents=True, exist_ok=True)
        for table, lines in tables.items():
            (folder / f"{table}.csv").write_text("\n".join((HEADERS[table], *lines)) + "\n", encoding="utf-8")
        home = self.home
        return ingest_drop(
            "small", folder, spark=self.spark, lake=self.lake, ledger=self.ledger, keystore=self.keystore,
            contracts=load_contracts(self._written("contracts", self.contracts)),
            folders=Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks"),
            replay=replay,
        )  # fmt: skip

    def derive(self, table: str, *, dry_run: bool = False, progress: Progress = _silent) -> DerivedReport:
        """Bring one derived table up to date."""
        contracts = load_contracts(self._written("contracts", self.contracts))
        return derive(
            shapes(contracts, self.known())[table], spark=self.spark, lake=self.lake, ledger=self.ledger,
            records=Records(self.engine), locks=self.home.run / "locks", dry_run=dry_run, progress=progress,
            lock_timeout=1.0,
        )  # fmt: skip

    def rows(self, table: str, *columns: str) -> list[tuple[object, ...]]:
        """What a reader sees of these columns, in a stable order."""
        return sorted((tuple(row) for row in self.lake.read(table).select(*columns).collect()), key=repr)

    def batches(self, table: str) -> set[str]:
        """The batches that a reader sees."""
        return {row[0] for row in self.lake.read(table).select("batch_id").distinct().collect()}


@pytest.fixture
def make_claims(
    home: Home, engine: Engine, ledger: Ledger, spark: SparkSession, tmp_path: Path
) -> Callable[[], Claims]:
    def make() -> Claims:
        keystore = KeyStore.open(home.keys) if home.keys.exists() else KeyStore.create(home.keys)
        return Claims(home, engine, spark, ledger, Lake(spark, home.lake, ledger), keystore, tmp_path)

    return make


@pytest.fixture
def claims(make_claims: Callable[[], Claims]) -> Claims:
    return make_claims()

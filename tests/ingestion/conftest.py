"""A small hub for the tests of this package: two tables, a register and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from hub.database import build_engine
from hub.paths import Home
from ingestion.contract_set import Contracts, load_contracts
from ingestion.ingest import Folders, Progress, _silent, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.reports import Report
from ingestion.tables import metadata
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PEOPLE = """
table: people
version: 1
source: small
files: "PEOPLE*.csv*"
format: csv
label: {fr: Personnes, en: People}
key: [psa, rank]
order_by: [updated]
persons:
  - role: patient
    register: true
    identifiers:
      - {kind: psa, columns: [psa, rank]}
      - {kind: ins, columns: [ins]}
table_rules:
  - {rule: row_count, min: 1}
  - {rule: unique, columns: [person_key]}
write: upsert
columns:
  psa: {fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  ins: {sensitivity: direct, fr: i, en: i}
  sex: {type: int, codes: ["1", "2"], sensitivity: quasi, fr: s, en: s}
  updated: {type: date, sensitivity: plain, fr: u, en: u}
"""

VISITS = """
table: visits
version: 1
source: small
files: "VISITS*.csv*"
format: csv
label: {fr: Visites, en: Visits}
key: [number]
record_keys: {visit: [number]}
persons:
  - role: patient
    identifiers:
      - {kind: psa, columns: [psa, rank]}
period: {column: start}
rules:
  - {name: end_before_start, fails_when: "finish < start", fr: f, en: f}
table_rules:
  - {rule: row_count, min: 1}
  - {rule: unique, columns: [number]}
  - {rule: quarantine_share, max: 0.8}
write: append
columns:
  number: {required: true, sensitivity: record_key, fr: n, en: n}
  psa: {sensitivity: direct, fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  doctor: {sensitivity: direct, digest: professional, fr: d, en: d}
  start: {type: date, sensitivity: plain, fr: s, en: s}
  finish: {type: date, format: ddMMyyyy, sensitivity: plain, fr: f, en: f}
  place: {codes: ["A", "B"], sensitivity: plain, fr: l, en: l}
  price: {type: "decimal(9,2)", sensitivity: plain, fr: p, en: p}
"""

PEOPLE_HEADER = "psa,rank,ins,sex,updated"
VISITS_HEADER = "number,psa,rank,doctor,start,finish,place,price"

GOOD_PEOPLE = ("PSA0000000000001,1,,1,2023-01-01", "PSA0000000000002,1,,2,2023-01-01")
GOOD_VISITS = (
    "001,PSA0000000000001,1,D1,2023-01-02,03012023,A,10.50",
    "002,PSA0000000000002,1,D2,2023-02-02,03022023,B,20",
    "003,PSA0000000000002,1,D1,2023-03-02,,,",
)


def folders_in(home: Home) -> Folders:
    return Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")


@dataclass
class Small:
    """The small hub, with what a test does to it."""

    home: Home
    engine: Engine
    spark: SparkSession
    ledger: Ledger
    lake: Lake
    keystore: KeyStore
    contracts: Contracts

    @property
    def folders(self) -> Folders:
        return folders_in(self.home)

    def drop(self, name: str, *, people: Sequence[str] | None = None, visits: Sequence[str] | None = None) -> Path:
        """A drop with these lines."""
        folder = self.home.landing / "small" / name
        folder.mkdir(parents=True, exist_ok=True)
        if people is not None:
            (folder / "PEOPLE.csv").write_text("\n".join((PEOPLE_HEADER, *people)) + "\n", encoding="utf-8")
        if visits is not None:
            (folder / "VISITS.csv").write_text("\n".join((VISITS_HEADER, *visits)) + "\n", encoding="utf-8")
        return folder

    def ingest(
        self, folder: Path, progress: Progress = _silent, source: str = "small", *, replay: bool = False
    ) -> Report:
        """Take the drop through."""
        return ingest_drop(
            source,
            folder,
            spark=self.spark,
            lake=self.lake,
            ledger=self.ledger,
            keystore=self.keystore,
            contracts=self.contracts,
            folders=self.folders,
            progress=progress,
            lock_timeout=1.0,
            replay=replay,
        )

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """What a reader sees, in a stable order, without the batch."""
        return sorted(map(tuple, self.lake.read(table).drop("batch_id", "row_id").collect()), key=repr)

    def files(self, table: str) -> set[str]:
        """The data files of a lake table."""
        return {path.name for path in (self.home.lake / table).glob("*.parquet")}


def moved(small: Small, root: Path) -> Small:
    """The same hub in a copy of its folder."""
    home = Home(root)
    ledger = Ledger(build_engine(None, home.records))
    return replace(small, home=home, engine=ledger.engine, ledger=ledger, lake=Lake(small.spark, home.lake, ledger))


@pytest.fixture
def contract_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (folder / "visits.yaml").write_text(VISITS, encoding="utf-8")
    return folder


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    metadata.create_all(engine)
    return Ledger(engine)


@pytest.fixture
def make_small(
    home: Home, engine: Engine, ledger: Ledger, spark: SparkSession, contract_folder: Path
) -> Callable[[], Small]:
    def make() -> Small:
        keystore = KeyStore.open(home.keys) if home.keys.exists() else KeyStore.create(home.keys)
        lake = Lake(spark, home.lake, ledger)
        return Small(home, engine, spark, ledger, lake, keystore, load_contracts(contract_folder))

    return make


@pytest.fixture
def small(make_small: Callable[[], Small]) -> Small:
    return make_small()

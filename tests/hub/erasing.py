"""A small hub with a person in every place where a person can be, and what is left when they are erased."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pyspark.sql import SparkSession

from hub.compose import Hub
from hub.erase import Erased, erase
from hub.ingest import folders_of
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.paths import Home
from hub.settings import Settings
from ingestion.archive import seal
from ingestion.contract_set import load_contracts
from ingestion.ingest import ingest_drop
from ingestion.lake_history import history
from ingestion.quarantine_ledger import QuarantineLedger
from ingestion.recount import recount
from ingestion.reports import Report
from ingestion.sealed_rows import SealedRows
from projects.extract import compile_extract
from pseudonymization.keystore import KeyStore
from pseudonymization.nir import nir_key
from pseudonymization.person import person_key_of

PEOPLE = """
table: people
version: 1
source: small
files: "PEOPLE*.csv*"
format: csv
label: {fr: Personnes, en: People}
key: [psa, rank]
persons:
  - role: patient
    register: true
    identifiers:
      - {kind: psa, columns: [psa, rank]}
      - {kind: ins, columns: [ins]}
identity: {names: [name], numbers: [ins]}
write: upsert
columns:
  psa: {fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  ins: {sensitivity: direct, fr: i, en: i}
  name: {sensitivity: direct, fr: n, en: n}
  sex: {type: int, codes: ["1", "2"], sensitivity: quasi, fr: s, en: s}
"""
VISITS = """
table: visits
version: 1
source: small
files: "VISITS*.csv*"
format: csv
label: {fr: Visites, en: Visits}
key: [number]
record_keys: {visit: [number, start]}
persons:
  - role: patient
    identifiers:
      - {kind: psa, columns: [psa, rank]}
  - role: mother
    required: false
    identifiers:
      - {kind: ins, columns: [mother]}
period: {column: start}
columns:
  number: {type: int, required: true, sensitivity: record_key, fr: n, en: n}
  psa: {sensitivity: direct, fr: p, en: p}
  rank: {sensitivity: direct, fr: r, en: r}
  mother: {sensitivity: direct, fr: m, en: m}
  start: {type: date, format: ddMMyyyy, sensitivity: record_key, fr: s, en: s}
"""
ACTS = """
table: acts
version: 1
source: small
files: "ACTS*.csv*"
format: csv
label: {fr: Actes, en: Acts}
record_keys: {visit: [visit, day]}
persons:
  - role: patient
    via: {table: visits, keys: {visit: number, day: start}}
columns:
  visit: {type: int, required: true, sensitivity: record_key, fr: n, en: n}
  day: {type: date, sensitivity: record_key, fr: d, en: d}
  code: {codes: ["A", "B"], sensitivity: plain, fr: c, en: c}
"""


def nir(body: str) -> str:
    return f"{body}{nir_key(body):02d}"


GOES, STAYS = nir("1850578006048"), nir("2870578006050")
NAME = "Quimperlotte"
GONE_PSA = "PSAGOES000000001"
PEOPLE_LINES = (
    "psa,rank,ins,name,sex",
    f"{GONE_PSA},1,{GOES},{NAME},1",
    f"{GONE_PSA},2,,Brother,1",
    f"PSASTAYS00000002,1,{STAYS},Somebody,2",
)
VISITS_LINES = (
    "number,psa,rank,mother,start",
    f"1,{GONE_PSA},1,,01022023",
    f"2,{GONE_PSA},02,,02022023",
    "3,PSASTAYS00000002,1,,03022023",
    f"4,PSASTAYS00000002,1,{GOES},04022023",
    f"5,{GONE_PSA},01,,32022023",
    f"malformed {GOES}",
)
ACTS_LINES = (
    "visit,day,code",
    "1,2023-02-01,A",
    "01,2023-02-01,B",
    "2,2023-02-02,A",
    "3,2023-02-03,A",
    "1,2023-02-01,Z",
)
LATER = ("number,psa,rank,mother,start", f"11,{GONE_PSA},1,,05022023", "12,PSASTAYS00000002,1,,06022023")


GOES_FROM = {
    "lake/people": 1, "lake/visits": 1, "lake/visits (other role)": 1, "lake/acts": 2, "lake/person_link": 2,
    "quarantine/visits": 2, "quarantine/acts": 1, "identities": 1,
    "projects/p0001/people": 1, "projects/p0001/visits": 2, "projects/p0001/acts": 2,
}  # fmt: skip


@dataclass
class World:
    """A small hub with a person in every place where a person can be."""

    hub: Hub

    @property
    def home(self) -> Home:
        return self.hub.home

    def ingest(self, name: str) -> Report:
        hub = self.hub
        return ingest_drop(
            "small", hub.home.landing / "small" / name, spark=hub.spark, lake=hub.lake, ledger=hub.ledger,
            keystore=hub.keystore, contracts=hub.contracts, folders=folders_of(hub),
        )  # fmt: skip

    def drop(self, name: str, **files: tuple[str, ...]) -> Path:
        folder = self.home.landing / "small" / name
        folder.mkdir(parents=True)
        listed = {}
        for table, lines in files.items():
            content = ("\n".join(lines) + "\n").encode()
            packed = table == "ACTS"
            path = folder / f"{table}.csv{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
            listed[path.name] = {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        (folder / "manifest.json").write_text(json.dumps({"files": listed}))
        return folder

    def extract(self) -> None:
        permit: Any = SimpleNamespace(
            id="p0001", title="t", tables={"people": ["sex"], "visits": [], "acts": ["code"]},
            date_from=None, date_to=None, born_from=None, born_to=None, end_date=date(2030, 1, 1), dates="exact",
        )  # fmt: skip
        folder = self.home.projects / "p0001"
        folder.mkdir(exist_ok=True)
        hub = self.hub
        compile_extract(
            permit, spark=hub.spark, lake=hub.lake, contracts=hub.contracts, keystore=hub.keystore,
            folder=folder / "data",
        )  # fmt: skip

    def erase(self, given: tuple[str, list[str]] | None = ("ins", [GOES]), **options: Any) -> list[Erased]:
        options.setdefault("dry_run", False)
        return erase(self.hub, given, lambda *_: None, **options)

    def rows(self, table: str) -> list[tuple[object, ...]]:
        return sorted((tuple(row) for row in self.hub.lake.read(table).drop("batch_id").collect()), key=repr)

    def keys(self) -> list[str]:
        person = self.hub.keystore.derive("person")
        found = [person_key_of(person, "ins", GOES), person_key_of(person, "psa", GONE_PSA, "1")]
        return [key for key in found if key is not None]

    def traces(self) -> set[str]:
        """Files in which anything of the person is left, by decoding and by bytes."""
        keys, secrets = self.keys(), [GOES, GOES[:13], NAME]
        needles = text_needles([("nir", GOES), ("name", NAME), *(("key", key) for key in keys)])
        searched = search([self.home.root], needles)
        assert searched.undecoded == ()
        found = {str(leak.file.relative_to(self.home.root)) for leak in searched.leaks}
        for path in self.home.root.rglob("*"):
            if path.is_file():
                content = path.read_bytes() + str(path).encode()
                if any(secret.encode() in content for secret in [*secrets, *keys]):
                    found.add(str(path.relative_to(self.home.root)))
        return found


def world_at(home: Home, spark: SparkSession, contracts: Path) -> World:
    """The world whose folder is `home`, and whose contracts are there."""
    hub = Hub(Settings(home=home.root))
    hub.__dict__["spark"] = spark
    hub.__dict__["contracts"] = load_contracts(contracts)
    return World(hub)


def people_world(folder: Path, spark: SparkSession) -> World:
    """A world that knows the table of people alone, and has got nothing yet."""
    contracts = folder / "contracts"
    contracts.mkdir()
    (contracts / "people.yaml").write_text(PEOPLE)
    home = Home(folder / "home").make()
    KeyStore.create(home.keys)
    return world_at(home, spark, contracts)


def make_world(home: Home, spark: SparkSession, contracts: Path) -> World:
    """A world with a person in lake, landing, archive, quarantine, identities and an extract."""
    contracts.mkdir()
    for name, text in (("people", PEOPLE), ("visits", VISITS), ("acts", ACTS)):
        (contracts / f"{name}.yaml").write_text(text)
    KeyStore.create(home.keys)
    made = world_at(home, spark, contracts)
    made.drop("one", PEOPLE=PEOPLE_LINES, VISITS=VISITS_LINES, ACTS=ACTS_LINES)
    made.ingest("one")
    made.drop("later", VISITS=LATER)
    (made.home.landing / "small" / "later" / "letter.txt").write_text(f"see {GOES}\nnothing\n")
    made.extract()
    old = made.drop("old", VISITS=LATER)
    seal(old, home.archive / "small-0123.sealed", made.hub.keystore.derive("archive"))
    shutil.rmtree(old)
    return made


def check_gone(world: World) -> None:
    """Nothing of the person is left, and nothing of anybody else is missing."""
    assert world.traces() == set()
    for lines in world.home.quarantine.glob("*/*.lines"):
        sealed = SealedRows(world.home.quarantine, lines.parent.name, lines.stem)
        raw = [where.raw for where in sealed.places(world.hub.keystore).values()]
        assert raw
        assert not [line for line in raw if GOES in line or GONE_PSA in line]
    # What was refused of the person is gone from the quarantine, and the sums know.
    assert [one.fault for one in recount(world.hub.lake, world.hub.ledger, world.home.quarantine)] == [""] * 3
    told = [(one.table, one.rows) for one in QuarantineLedger(world.hub.ledger).discards()]
    assert sorted(told) == [("acts", 1), ("visits", 2)]
    assert len(world.rows("people")) == 2
    visits = {row[2]: row for row in world.rows("visits")}
    assert set(visits) == {2, 3, 4}
    assert visits[4][1] is None, "the person is still somebody's mother"
    assert [row[0] for row in world.rows("acts")] == [2, 3]
    assert len(world.rows("person_link")) == 3
    for table in ("people", "visits", "acts", "person_link"):
        moments = history(world.hub.ledger, world.home.lake, table)
        assert [one.readable for one in moments[:-1]] == [False] * (len(moments) - 1)
        assert (moments[-1].what, moments[-1].readable) == ("erased", True)
    spark, data = world.hub.spark, world.home.projects / "p0001" / "data"
    extract = {name: spark.read.format("delta").load(str(data / name)).count() for name in ("people", "visits", "acts")}
    assert extract == {"people": 2, "visits": 3, "acts": 2}
    listed = json.loads((data / "permit.json").read_text())["tables"]
    assert {name: listed[name]["rows"] for name in listed} == extract
    assert not list(data.glob(".*"))
    assert not list(world.home.erasures.iterdir())
    assert not list(world.home.intake.iterdir())
    landed = world.home.landing / "small"
    assert (landed / "one" / "VISITS.csv").read_text().splitlines()[1:] == [
        f"2,{GONE_PSA},02,,02022023",
        "3,PSASTAYS00000002,1,,03022023",
        "4,PSASTAYS00000002,1,,04022023",
    ]
    assert gzip.decompress((landed / "one" / "ACTS.csv.gz").read_bytes()).decode().splitlines()[1:] == [
        "2,2023-02-02,A",
        "3,2023-02-03,A",
    ]
    assert (landed / "later" / "letter.txt").read_text() == "nothing\n"
    assert not [path for path in (world.home.landing / ".erasing").rglob("*") if path.is_file()]

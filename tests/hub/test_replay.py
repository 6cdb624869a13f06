"""A new version of a contract, and the drops that are still there: through the door that the command uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.compose import Hub
from hub.ingest import ingest_source
from hub.settings import Settings
from ingestion.contract_set import load_contracts
from ingestion.reports import Report
from pseudonymization.keystore import KeyStore
from pseudonymization.person import person_key_of
from tests.ingestion.conftest import PEOPLE, PEOPLE_HEADER, VISITS, VISITS_HEADER

pytestmark = pytest.mark.spark

ROOMS = """
table: rooms
version: 1
source: small
files: "ROOMS*.csv"
format: csv
label: {fr: Salles, en: Rooms}
key: [code]
write: snapshot
columns:
  code: {sensitivity: plain, required: true, fr: c, en: c}
"""
FIRST = {
    "PEOPLE.csv": [PEOPLE_HEADER, "A,1,,1,2023-01-01", "B,1,,2,2023-01-01", "C,1,,1,2023-01-01", "D,1,,2,2023-01-01"],
    "VISITS.csv": [VISITS_HEADER, "001,A,1,D,2023-01-01,,A,1", "002,B,1,D,2023-01-01,,B,1"],
    "ROOMS.csv": ["code", "old"],
}
SECOND = {
    "PEOPLE.csv": [PEOPLE_HEADER, "B,1,,1,2024-01-01", "C,1,,2,2024-01-01"],
    "VISITS.csv": [VISITS_HEADER, "003,A,1,D,2024-01-01,,B,1"],
    "ROOMS.csv": ["code", "new"],
}
#: Version 2: women (2) are refused among people, and place A among visits; two columns are given up, one comes in.
CHANGES = {
    "people": (PEOPLE, {'codes: ["1", "2"]': 'codes: ["1"]', "type: date, sensitivity: plain": "type: date"}),
    "visits": (VISITS, {
        'codes: ["A", "B"]': 'codes: ["B"]',
        '"decimal(9,2)", sensitivity: plain': '"decimal(9,2)"',
        "rank: {sensitivity: direct": "rank: {sensitivity: plain",
    }),
    "rooms": (ROOMS, {"fr: Salles": "fr: Chambres"}),
}  # fmt: skip
KEPT = {"people": "kept", "visits": "kept", "rooms": "kept"}
SUPERSEDED = {"rooms": "superseded"}


class Door:
    """A hub on the suite's Spark session, with two drops."""

    def __init__(self, spark: SparkSession, tmp_path: Path) -> None:
        self.spark, self.folder = spark, tmp_path / "contracts"
        self.settings = Settings(home=tmp_path / "home")
        self.folder.mkdir()
        self.write(version=1)
        KeyStore.create(self.hub().home.keys)
        for name, files in (("2023", FIRST), ("2024", SECOND)):
            place = tmp_path / "home" / "landing" / "small" / name
            place.mkdir(parents=True)
            for file, lines in files.items():
                (place / file).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write(self, version: int) -> None:
        for table, (text, changes) in CHANGES.items():
            changed = text.replace("version: 1", f"version: {version}")
            for old, new in changes.items() if version > 1 else ():
                assert old in changed
                changed = changed.replace(old, new, 1)
            (self.folder / f"{table}.yaml").write_text(changed, encoding="utf-8")

    def hub(self) -> Hub:
        hub = Hub(self.settings)
        hub.__dict__.update(spark=self.spark, contracts=load_contracts(self.folder))
        return hub

    def ingest(self, *, drop: str | None = None, replay: bool = False) -> list[Report]:
        return ingest_source(self.hub(), "small", drop, lambda *_: None, replay=replay)

    def people(self) -> dict[str, int]:
        hub = self.hub()
        keys = {person_key_of(hub.keystore.derive("person"), "psa", one, 1) or "": one for one in "ABCD"}
        return {keys[row["person_key"]]: row["sex"] for row in hub.lake.read("people").collect()}

    def visits(self) -> set[str]:
        return {row["number"] for row in self.hub().lake.read("visits").collect()}

    def rooms(self) -> list[str]:
        return [row["code"] for row in self.hub().lake.read("rooms").collect()]


def states(reports: list[Report]) -> list[dict[str, str]]:
    return [{table.table: table.state for table in report.tables} for report in reports]


@pytest.mark.long
def test_a_replay_puts_a_new_version_in_the_place_of_the_old_one_once(spark: SparkSession, tmp_path: Path) -> None:
    door = Door(spark, tmp_path)
    door.ingest()
    assert (door.people(), door.visits(), door.rooms()) == (
        {"A": 1, "B": 1, "C": 2, "D": 2}, {"001", "002", "003"}, ["new"],
    )  # fmt: skip

    door.write(version=2)
    pointers = door.hub().ledger.pointers()
    assert states(door.ingest()) == [KEPT | {"rooms": "superseded"}, KEPT]
    assert door.hub().ledger.pointers() == pointers

    reports = door.ingest(replay=True)
    assert states(reports) == [dict.fromkeys(KEPT, "published"), dict.fromkeys(KEPT, "published") | SUPERSEDED]
    assert all(report.holds for report in reports)
    # C is a woman in the later drop and refused there; the older one has her as a man, and that row is not lost.
    assert (door.people(), door.visits(), door.rooms()) == ({"A": 1, "B": 1, "C": 1}, {"002", "003"}, ["new"])

    # What a contract no longer keeps is gone from rows of both ways of writing, and what it now keeps is there.
    lake = door.hub().lake
    assert {row["updated"] for row in lake.read("people").collect()} == {None}
    assert {(row["price"], row["rank"]) for row in lake.read("visits").collect()} == {(None, "1")}

    pointers = door.hub().ledger.pointers()
    assert not any(report.changed for report in door.ingest(replay=True))
    assert door.hub().ledger.pointers() == pointers


@pytest.mark.long
def test_a_drop_alone_is_replayed_when_it_is_its_turn(spark: SparkSession, tmp_path: Path) -> None:
    door = Door(spark, tmp_path)
    door.ingest()
    door.write(version=2)
    (report,) = door.ingest(drop="2023", replay=True)
    assert states([report]) == [{"people": "kept", "visits": "published"} | SUPERSEDED]
    assert (door.people(), door.visits()) == ({"A": 1, "B": 1, "C": 2, "D": 2}, {"002", "003"})
    door.ingest(drop="2024", replay=True)
    assert door.people() == {"A": 1, "B": 1, "D": 2}
    door.ingest(drop="2023", replay=True)
    assert door.people() == {"A": 1, "B": 1, "C": 1}


@pytest.mark.long
def test_drops_that_came_in_another_order_than_their_names_are_replayed_in_theirs(
    spark: SparkSession, tmp_path: Path
) -> None:
    door = Door(spark, tmp_path)
    door.ingest(drop="2024")
    door.ingest(drop="2023")
    # What came last is not what is newest: `updated` is the order of rows, until version 2 gives it up.
    assert door.people() == {"A": 1, "B": 1, "C": 2, "D": 2}
    door.write(version=2)
    door.ingest(replay=True)
    assert door.people() == {"A": 1, "B": 1, "C": 1}
    versions = [one.contract_version for one in door.hub().ledger.batches(table="people", states=["published"])]
    assert sorted(versions) == [1, 1, 2, 2]


def test_a_replay_leaves_what_was_never_published_to_a_plain_ingestion(spark: SparkSession, tmp_path: Path) -> None:
    door = Door(spark, tmp_path)
    reports = door.ingest(drop="2023", replay=True)
    assert states(reports) == [{"people": "waiting", "visits": "waiting", "rooms": "waiting"}]
    assert door.hub().ledger.batches() == []

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import ingestion.effort
from hub.paths import ROOT
from ingestion import ingest
from ingestion.abreast import abreast
from ingestion.errors import DropError, GateFailed, IngestionError, NotPublished, StorageFull, UnknownSource
from ingestion.quarantine import Quarantine
from ingestion.reports import TableReport
from pseudonymization.person import person_key_of
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, VISITS, Small

pytestmark = pytest.mark.spark

BAD_VISITS = {
    "malformed_row": "101,PSA0000000000001,1",
    "missing_person": "102,,1,D1,2023-01-02,03012023,A,1",
    "end_before_start": "103,PSA0000000000001,1,D1,2023-01-02,01012023,A,1",
    "unknown_code:place": "104,PSA0000000000001,1,D1,2023-01-02,03012023,C,1",
    "bad_type:start": "105,PSA0000000000001,1,D1,02/01/2023,03012023,A,1",
    "bad_type:price": "106,PSA0000000000001,1,D1,2023-01-02,03012023,A,dear",
    "missing_value:number": ",PSA0000000000001,1,D1,2023-01-02,03012023,A,1",
}


class Crash(BaseException):
    """What nobody catches."""


def counts(report: TableReport) -> tuple[int, int, int, int]:
    return report.rows_read, report.accepted, report.refused, report.duplicates


@pytest.fixture(params=["plainly", "thoroughly"])
def effort(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, spark: SparkSession) -> Iterator[str]:
    """As small drops are taken through, and as large ones are: compiled, planned again between stages."""
    thorough = {"spark.sql.codegen.factoryMode": "FALLBACK", "spark.sql.adaptive.enabled": "true"}
    before = {name: spark.conf.get(name) for name in thorough}
    if request.param == "thoroughly":
        monkeypatch.setattr(ingestion.effort, "SMALL", 0)
        for name, value in thorough.items():
            spark.conf.set(name, value)
    yield request.param
    for name, kept in before.items():
        spark.conf.set(name, kept or "")


def test_every_fault_has_its_reason_and_its_row_is_sealed(small: Small, effort: str) -> None:
    lines = [
        *GOOD_VISITS,
        "",
        *BAD_VISITS.values(),
        GOOD_VISITS[0],
        "",
        "107,P,1,D,2023-01-01,,A,1",
        "107,P,1,D,2023-01-01,,B,1",
    ]
    folder = small.drop("one", visits=lines)
    report = small.ingest(folder)
    visits = report["visits"]
    assert report.holds
    assert dict(visits.details) == {**dict.fromkeys(BAD_VISITS, 1), "key_conflict": 2}
    assert visits.quarantined["bad_type"] == 2
    assert counts(visits) == (13, 3, 9, 1)
    assert (visits.headers, visits.blanks) == (1, 2)
    (batch,) = small.ledger.batches(table="visits")
    place = small.home.quarantine / "visits" / batch.batch_id
    assert all(b"PSA0000" not in path.read_bytes() for path in place.iterdir())
    opened = Quarantine(small.spark, small.home.quarantine).open("visits", batch.batch_id, small.keystore).collect()
    malformed = next(row for row in opened if row["reasons"] == ["malformed_row"])
    assert BAD_VISITS["malformed_row"] in malformed["row"]


def test_the_lake_holds_digests_and_types_and_nothing_that_names(small: Small) -> None:
    small.ingest(small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS))
    rows = {row["number"]: row for row in small.lake.read("visits").collect()}
    assert set(rows) == {"001", "002", "003"}
    first = rows["001"]
    expected = person_key_of(small.keystore.derive("person"), "psa", "PSA0000000000001", "1")
    assert first["person_key"] == expected
    assert str(first["start"]) == "2023-01-02"
    assert str(first["finish"]) == "2023-01-03"
    assert str(first["price"]) == "10.50"
    assert first["doctor"] == rows["003"]["doctor"] != rows["002"]["doctor"]
    assert "D1" not in first["doctor"]
    assert not {"psa", "rank"} & set(first.asDict())
    everything = b"".join(path.read_bytes() for path in small.home.lake.rglob("*") if path.is_file())
    assert b"PSA0000" not in everything
    known = {row["person_key"]: row["person"] for row in small.lake.read("person_link").collect()}
    assert known[expected] is not None


def test_the_same_drop_twice_changes_nothing(small: Small) -> None:
    folder = small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS)
    first = small.ingest(folder)
    files, pointers = small.files("visits"), small.ledger.pointers()
    again = small.ingest(folder)
    assert first.changed
    assert not again.changed
    assert [counts(table) for table in again.tables] == [counts(table) for table in first.tables]
    assert (small.files("visits"), small.ledger.pointers()) == (files, pointers)
    assert list(small.home.intake.iterdir()) == []
    assert list(small.home.sealed_tmp.iterdir()) == []


def test_a_later_drop_appends_to_one_table_and_updates_the_other(small: Small) -> None:
    small.ingest(small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS))
    later = ("PSA0000000000002,1,,1,2024-01-01", "PSA0000000000002,1,,2,2023-06-01", "PSA0000000000003,1,,2,2024-01-01")
    report = small.ingest(small.drop("two", people=later, visits=["004,PSA0000000000003,1,D3,2024-01-02,,A,1"]))
    assert counts(report["people"]) == (3, 2, 0, 1)
    people = {row["person_key"]: row["sex"] for row in small.lake.read("people").collect()}
    key = person_key_of(small.keystore.derive("person"), "psa", "PSA0000000000002", "1")
    assert len(people) == 3
    assert people[key or ""] == 1
    assert small.lake.read("visits").count() == 4
    pointer = small.ledger.pointer("visits")
    assert pointer is not None
    assert (pointer.row_count, pointer.period_from, pointer.period_to) == (4, "2023-01-02", "2024-01-02")


def test_a_failed_gate_publishes_no_table_of_the_drop_and_leaves_no_file(small: Small) -> None:
    small.ingest(small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS))
    before = (small.rows("people"), small.rows("visits"), small.files("people"), small.files("visits"))
    bad = ["201,,1,D,2023-01-01,,A,1"] * 9
    folder = small.drop("two", people=["PSA0000000000009,1,,1,2024-01-01"], visits=[*bad, "202,P,1,D,2023-01-01,,A,1"])
    with pytest.raises(
        GateFailed, match=r"visits: 1 of 3 expectations failed \(quarantine_share at most 0.8: found 0.9\)"
    ):
        small.ingest(folder)
    assert (small.rows("people"), small.rows("visits"), small.files("people"), small.files("visits")) == before
    (rejected,) = small.ledger.batches(states=["rejected"])
    assert (rejected.table, rejected.failed_checks) == ("visits", ("quarantine_share at most 0.8: found 0.9",))
    # What came before and what comes after are not held up by it.
    small.ingest(small.drop("three", visits=["301,P,1,D,2023-01-01,,A,1"]))
    assert small.lake.read("visits").count() == 4


STEPS = (
    ("people", "taken"),
    ("people", "written"),
    ("people", "passed"),
    ("visits", "written"),
    ("visits", "recorded"),
    ("visits", "passed"),
    ("person_link", "linked"),
    ("drop", "published"),
)


@pytest.mark.long
def test_killed_at_any_step_and_run_again_it_converges(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill runs no clean-up: the next run finds what the killed one left. Each step builds on the wreck before it."""
    monkeypatch.setattr(ingest, "_take_back_all", lambda run, drop: None)
    # One table at a time: side by side, a table that passed while the other died is adopted and meets no step again.
    monkeypatch.setattr(ingest, "abreast", partial(abreast, at_once=1))
    small.ingest(small.drop("zero", people=GOOD_PEOPLE[:1], visits=GOOD_VISITS[:1]))
    before = small.rows("visits")
    folder = small.drop("one", people=GOOD_PEOPLE, visits=[*GOOD_VISITS[1:], *BAD_VISITS.values()])
    for step in STEPS:

        def die(table: str, what: str, at: tuple[str, str] = step) -> None:
            if (table, what) == at:
                raise Crash

        with pytest.raises(Crash):
            small.ingest(folder, die)
        if step != STEPS[-1]:
            assert small.rows("visits") == before, step
    report = small.ingest(folder)
    assert not report.changed
    assert report.holds
    assert len(small.rows("visits")) == 3
    assert len(small.rows("people")) == 2
    table = small.lake.table("visits")
    published = small.ledger.published("visits")
    assert published is not None
    live = {Path(name).name for name in table.read(published).inputFiles()}
    assert small.files("visits") == live
    refused = [one.batch_id for one in small.ledger.batches(table="visits") if one.counts and one.counts.quarantined]
    assert {path.name for path in (small.home.quarantine / "visits").iterdir()} == {
        name for batch_id in refused for name in (batch_id, f"{batch_id}.lines")
    }


KILLED = """
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from hub.database import build_engine
from hub.paths import JARS, Home
from hub.spark import SparkOptions, build_session
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore
home = Home(Path({home!r}))
spark = build_session(SparkOptions(master="local[2]", driver_memory="1g", shuffle_partitions=1), jars=JARS,
                      tmp=home.root / "spark", logs=home.logs)
ledger = Ledger(build_engine(None, home.records))
folders = Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks")
def die(table, step):
    if (table, step) == ("visits", "written"):
        os.kill(os.getpid(), 9)
ingest_drop("small", Path({folder!r}), spark=spark, lake=Lake(spark, home.lake, ledger), ledger=ledger,
            keystore=KeyStore.open(home.keys), contracts=load_contracts(Path({contracts!r})), folders=folders,
            progress=die)
"""


@pytest.mark.long
def test_a_process_killed_with_signal_9_leaves_locks_and_drop_for_the_next(small: Small, contract_folder: Path) -> None:
    folder = small.drop("one", visits=[*GOOD_VISITS, *BAD_VISITS.values()])
    code = KILLED.format(
        root=str(ROOT), home=str(small.home.root), folder=str(folder), contracts=str(contract_folder)
    )  # fmt: skip
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=180, check=False)
    assert killed.returncode == -9, killed.stderr[-2000:]
    with pytest.raises(NotPublished):
        small.lake.read("visits")
    assert any(small.home.intake.iterdir())
    report = small.ingest(folder)
    assert counts(report["visits"]) == (10, 3, 7, 0)
    assert len(small.rows("visits")) == 3
    assert list(small.home.intake.iterdir()) == []
    assert len(small.files("visits")) == len(small.lake.read("visits").inputFiles())


def test_a_new_version_of_a_contract_takes_the_place_of_what_the_old_one_wrote(
    make_small: Callable[[], Small], contract_folder: Path
) -> None:
    old = make_small()
    folder = old.drop("one", visits=GOOD_VISITS)
    old.ingest(old.drop("zero", visits=["900,P,1,D,2023-01-01,,A,1"]))
    old.ingest(folder)
    text = VISITS.replace("version: 1", "version: 2").replace(
        "start: {type: date, sensitivity: plain", "start: {type: date, sensitivity: quasi"
    )
    (contract_folder / "visits.yaml").write_text(text, encoding="utf-8")
    new = make_small()
    assert new.ingest(folder)["visits"].state == "kept"
    report = new.ingest(folder, replay=True)
    assert report.changed
    assert len(new.rows("visits")) == 4


def test_a_full_disk_publishes_nothing_and_the_next_run_goes_through(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingestion.lake_table import LakeTable

    folder = small.drop("one", visits=GOOD_VISITS)
    append = LakeTable.append

    def full(self: LakeTable, *args: object, **kwargs: object) -> None:
        append(self, *args, **kwargs)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LakeTable, "append", full)
    with pytest.raises(StorageFull, match="visits: no space left"):
        small.ingest(folder)
    assert small.files("visits") == set()
    monkeypatch.setattr(LakeTable, "append", append)
    assert small.ingest(folder)["visits"].accepted == 3


def test_bad_input_stops_before_anything_is_written(small: Small) -> None:
    folder = small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS)
    (folder / "VISITS.csv").unlink()
    (folder / "VISITS.csv.gz").write_bytes(gzip.compress(b"x" * 10_000)[:-9])
    with pytest.raises(DropError, match="truncated gzip"):
        small.ingest(folder)
    with pytest.raises(UnknownSource, match="known sources: small"):
        ingest.ingest_drop(
            "none", folder, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
            contracts=small.contracts, folders=small.folders,
        )  # fmt: skip
    assert small.lake.tables() == []
    assert not any(small.home.lake.iterdir())
    assert not small.ledger.batches()


def test_a_packed_file_is_read_like_any_other(small: Small) -> None:
    folder = small.drop("one", visits=GOOD_VISITS)
    plain = folder / "VISITS.csv"
    (folder / "VISITS.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert small.ingest(folder)["visits"].accepted == 3


def test_a_failure_of_the_engine_says_nothing_of_the_row(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        small.spark.sql("SELECT raise_error('PSA0000000000001')").collect()

    monkeypatch.setattr("ingestion.batch.put", fail)
    with pytest.raises(IngestionError) as caught:
        small.ingest(small.drop("one", visits=GOOD_VISITS))
    assert "PSA000" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "USER_RAISED_EXCEPTION" in str(caught.value)

"""The seam between the lake and its file systems: both sides say the same, and care of the lake is the same on both."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from ingestion import delta_log
from ingestion.delta_snapshot import size_of, snapshots
from ingestion.errors import EngineError
from ingestion.far import Far
from ingestion.folder import Folder, LocalFolder, Place, folder_of
from ingestion.lake import Lake
from ingestion.lake_history import history, restore, way_back
from ingestion.ledger import utc_now
from ingestion.maintain import Care, fingerprint, maintain, would_maintain
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, Small
from tests.ingestion.published import numbers, publish

pytestmark = pytest.mark.spark


@pytest.fixture(params=["path", "url"])
def place(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Place:
    folder = tmp_path / "a lake"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.txt").write_text("é\n", "utf-8")
    (folder / ".hidden").write_text("")
    (folder / "sub" / "two=2%20.txt").write_text("12345")
    return folder if request.param == "path" else Far(f"file://{folder}", spark)


def test_a_folder_says_what_is_in_it(place: Place, tmp_path: Path) -> None:
    folder: Folder = folder_of(place)
    assert sorted(folder.names()) == [".hidden", "one.txt"]
    assert folder.folders() == ["sub"]
    assert folder.read("one.txt") == "é\n"
    sizes = {".hidden": 0, "one.txt": 3, "sub/two=2%20.txt": 5}
    assert folder.sizes() == sizes
    assert folder.held(["one.txt", "absent", "sub"]) == {"one.txt": 3}
    assert folder.held([]) == {}
    assert place.name == (place / "sub").name.replace("sub", "a lake")
    copied = folder.copy(tmp_path / "copies")
    assert {name: (copied / name).stat().st_size for name in sizes} == sizes
    assert isinstance(folder, LocalFolder) == (copied == tmp_path / "a lake")
    assert [path.name for path in copied.rglob("*.crc")] == []
    folder.delete(["one.txt", "sub/two=2%20.txt", "absent"])
    assert folder.sizes() == {".hidden": 0}


def test_files_far_away_are_fetched_one_at_a_time(spark: SparkSession, tmp_path: Path) -> None:
    store, near = tmp_path / "store", tmp_path / "near"
    for number in range(3):
        (store / f"part={number}").mkdir(parents=True)
        (store / f"part={number}" / "x.txt").write_text(str(number))
    got = {}
    for name, copy in Far(store.as_uri(), spark).one_by_one(near):
        got[name] = copy.read_text()
        assert [path for path in near.rglob("*") if path.is_file()] == [copy]
        # One that goes away before its turn is no failure.
        shutil.rmtree(store / "part=2", ignore_errors=True)
    assert got == {"part=0/x.txt": "0", "part=1/x.txt": "1"} or got == {"part=2/x.txt": "2", **got}
    assert len(got) >= 2
    assert not [path for path in near.rglob("*") if path.is_file()]


def test_a_folder_that_is_not_there_is_empty(place: Place) -> None:
    folder = folder_of(place / "absent")
    assert (folder.names(), folder.folders(), folder.sizes(), folder.held(["x"])) == ([], [], {}, {})
    folder.delete(["x"])
    with pytest.raises(FileNotFoundError):
        folder.read("x")
    assert delta_log.latest(place / "absent") is None
    with pytest.raises(EngineError, match="absent: the log of version 0 is missing"):
        delta_log.commit(place / "absent", 0)


def test_a_place_that_cannot_be_reached_is_one_sentence(spark: SparkSession) -> None:
    with pytest.raises(EngineError, match="the engine failed while listing files of the lake") as caught:
        Far("nowhere://host/secret-folder/visits", spark).names()
    assert "secret-folder" not in str(caught.value)
    assert caught.value.__cause__ is None


def far(small: Small) -> Small:
    """The same hub, with its lake reached by URL."""
    place = Far(small.home.lake.as_uri(), small.spark)
    return replace(small, lake=Lake(small.spark, place, small.ledger))


@pytest.mark.long
def test_care_and_the_way_back_of_a_lake_behind_a_url(small: Small) -> None:
    near, small = small, far(small)
    for number in (1, 2, 3):
        publish(small, f"batch{number}", [number])
    place, table = small.lake.root, small.lake.table("visits")
    path = near.lake.table("visits").path
    assert history(small.ledger, place, "visits") == history(small.ledger, near.home.lake, "visits")
    assert delta_log.data_files(table.path) == delta_log.data_files(path)
    assert size_of(table.path, snapshots(table.path, [2])[2]) == size_of(path, snapshots(path, [2])[2]) > 0
    assert way_back(small.ledger, place, "visits", "1").target.rows == 1

    # What nobody published is taken back, and its files go.
    before = small.files("visits")
    table.append(table.read(1), "left")
    assert small.files("visits") > before
    assert table.take_back(3)
    assert small.files("visits") == before
    assert fingerprint(table.read(table.version())) == fingerprint(small.lake.read("visits"))

    restore(small.lake, small.ledger, small.contracts, "visits", "2", locks=small.folders.locks)
    assert numbers(small) == [1, 2]
    care, now = Care(0), utc_now() + timedelta(hours=1)
    pins = small.home.run / "pins"
    dry = would_maintain(place, small.ledger, small.contracts, "visits", care=care, now=now, pins=pins)
    assert dry == would_maintain(near.home.lake, small.ledger, small.contracts, "visits", care=care, now=now, pins=pins)
    done = maintain(
        small.lake, small.ledger, small.contracts, "visits", care=care, now=now, pins=pins, locks=small.folders.locks
    )
    assert (done.files_before, done.files_after) == (2, 1)
    assert done.deleted > 0
    assert done.freed > 0
    assert numbers(small) == numbers(near) == [1, 2]
    assert len(small.files("visits")) == 1


def test_a_drop_is_ingested_into_a_lake_behind_a_url(small: Small) -> None:
    near, small = small, far(small)
    drop = small.drop("d1", people=GOOD_PEOPLE, visits=GOOD_VISITS)
    assert small.ingest(drop).changed
    assert not small.ingest(drop).changed
    assert len(small.rows("visits")) == len(GOOD_VISITS)
    assert small.rows("visits") == near.rows("visits")
    log = json.dumps(delta_log.actions(small.lake.table("visits").path, 1))
    assert "PSA0000000000001" not in log

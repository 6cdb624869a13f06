"""Care of a table changes no row, deletes nothing that somebody may still read, and survives being killed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ingestion.errors import VersionGone
from ingestion.lake_history import history, restore
from ingestion.ledger import utc_now
from ingestion.maintain import Care, Maintained, fingerprint, maintain, would_maintain
from ingestion.pins import Pins, pinned
from tests.ingestion.conftest import GOOD_PEOPLE, Small
from tests.ingestion.published import numbers, publish

pytestmark = pytest.mark.spark


class Crash(BaseException):
    """What nobody catches."""


def care(small: Small, *, days: int = 0, **options: object) -> Maintained:
    return maintain(
        small.lake, small.ledger, small.contracts, "visits",
        care=Care(days), now=utc_now() + timedelta(minutes=10), pins=small.home.run / "pins",
        locks=small.folders.locks, **options,  # type: ignore[arg-type]
    )  # fmt: skip


def readable(small: Small) -> list[bool]:
    return [one.readable for one in history(small.ledger, small.home.lake, "visits")]


def test_small_files_become_one_and_promised_versions_stay(small: Small) -> None:
    for number in (1, 2, 3):
        publish(small, f"batch{number}", [number])
    files = small.files("visits")
    dry = would_maintain(
        small.home.lake, small.ledger, small.contracts, "visits", care=Care(), now=utc_now(), pins=small.home.run
    )
    assert (dry.files_before, dry.files_after, dry.clustered) == (3, 1, "start")
    assert small.files("visits") == files

    for step in ("compacted", "cleaned"):

        def killed(_table: str, what: str, step: str = step) -> None:
            if what == step:
                raise Crash

        with pytest.raises(Crash):
            care(small, days=30, step=killed)
        assert numbers(small) == [1, 2, 3]
    assert small.files("visits") > files, "nothing that history promises was deleted"
    assert all(readable(small))

    done = care(small)
    assert (done.files_before, done.files_after, done.deleted) == (1, 1, 3)
    assert numbers(small) == [1, 2, 3]
    assert len(small.files("visits")) == 1
    assert readable(small) == [False, False, False, True]
    with pytest.raises(VersionGone):
        restore(small.lake, small.ledger, small.contracts, "visits", "1", locks=small.folders.locks)
    again = care(small)
    assert (again.deleted, again.kept) == (0, done.kept)
    for path in (small.home.lake / "visits" / "_delta_log").glob("*.json"):
        for action in map(json.loads, path.read_text("utf-8").splitlines()):
            extremes = json.loads(action.get("add", {}).get("stats") or "{}").get("minValues", {})
            assert set(extremes) <= {"batch_id", "start"}, "the log tells of more than dates and batches"


def test_a_pinned_version_stays_until_its_reader_ends(small: Small) -> None:
    folder = small.home.run / "pins"
    publish(small, "batch1", [1])
    publish(small, "batch2", [2])
    with pinned(small.lake, small.ledger, folder) as lake:
        before = fingerprint(lake.read("visits"))
        assert care(small).files_before == 2
        publish(small, "batch3", [3])
        care(small)
        assert fingerprint(lake.read("visits")) == before
        assert lake.tables() == ["visits"]
        assert readable(small)[1], "a pinned version lost its files"
    assert Pins(folder).held() == {}
    assert care(small).deleted > 0
    assert set(readable(small)[:-1]) == {False}


def test_the_pin_of_a_dead_process_falls(small: Small) -> None:
    folder = small.home.run / "pins"
    folder.mkdir(parents=True)
    (folder / "dead.json").write_text('{"visits": 1}')
    assert Pins(folder).held() == {}
    assert list(folder.iterdir()) == []


def test_a_version_that_a_killed_compaction_left_is_published(small: Small) -> None:
    publish(small, "batch1", [1])
    publish(small, "batch2", [2])
    table = small.lake.table("visits")
    with table.signed("maintain:2"):
        table.delta().optimize().executeCompaction()
    assert (care(small).files_before, small.ledger.published("visits")) == (2, 3)
    assert numbers(small) == [1, 2]


@pytest.mark.long
def test_a_version_that_holds_something_else_is_taken_back(small: Small) -> None:
    publish(small, "batch1", [1])
    publish(small, "batch2", [2])
    table = small.lake.table("visits")
    table.append(table.read(2), "left")
    assert care(small).files_after == 1
    assert numbers(small) == [1, 2]
    assert table.version() == small.ledger.published("visits")


@pytest.mark.long
def test_care_between_ingestions(small: Small) -> None:
    for number in range(1, 4):
        people = GOOD_PEOPLE if number == 1 else None
        visits = [f"{number:03d},PSA0000000000001,1,D1,2023-0{number}-02,,A,{number}"]
        small.ingest(small.drop(f"d{number}", people=people, visits=visits))
        rows = small.rows("visits")
        care(small)
        assert small.rows("visits") == rows
    assert len(rows) == 3

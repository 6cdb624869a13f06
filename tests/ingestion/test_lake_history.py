"""Time travel by batch: what was published can be read of, gone back to, and gone forward to again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.errors import Busy, NotPublished, VersionGone
from ingestion.lake_history import Moment, find, history, promised, restore, way_back
from ingestion.ledger import utc_now
from ingestion.locks import locked
from tests.ingestion.conftest import GOOD_PEOPLE, GOOD_VISITS, Small
from tests.ingestion.published import numbers, publish

pytestmark = pytest.mark.spark


class Crash(BaseException):
    """What nobody catches."""


def test_back_and_forth_by_batch_and_version(small: Small) -> None:
    publish(small, "aaaaaaaa", [1, 2])
    publish(small, "bbbbbbbb", [3])

    def back(to: str, **options: object) -> int | None:
        return restore(
            small.lake, small.ledger, small.contracts, "visits", to, locks=small.folders.locks,
            **options,  # type: ignore[arg-type]
        ).version  # fmt: skip

    moments = history(small.ledger, small.home.lake, "visits")
    assert [(one.what, one.rows, one.current, one.readable) for one in moments] == [
        ("published", 2, False, True),
        ("published", 3, True, True),
    ]
    assert way_back(small.ledger, small.home.lake, "visits", "aaaaaa").version is None
    assert numbers(small) == [1, 2, 3]

    def killed(_table: str, what: str) -> None:
        if what == "measured":
            raise Crash

    with pytest.raises(Crash):
        back("1", step=killed)
    assert numbers(small) == [1, 2, 3], "a way back that was killed has happened in part"

    version = back("1")
    assert numbers(small) == [1, 2]
    assert version == small.ledger.published("visits") == small.lake.table("visits").version()
    pointer = small.ledger.pointer("visits")
    assert pointer is not None
    assert (pointer.row_count, pointer.period_to, pointer.batch_id) == (2, "2023-02-01", "aaaaaaaa")
    assert back(str(version)) == version, "a second time changes nothing"

    publish(small, "cccccccc", [4])
    assert numbers(small) == [1, 2, 4]
    back("bbbbbbbb")
    assert numbers(small) == [1, 2, 3]
    assert [one.what for one in history(small.ledger, small.home.lake, "visits")] == [
        "published", "published", "restored", "published", "restored",
    ]  # fmt: skip


def test_a_way_back_that_is_not_there_is_refused(small: Small) -> None:
    with pytest.raises(NotPublished):
        history(small.ledger, small.home.lake, "visits")
    publish(small, "aaaaaaaa", [1])
    with locked(small.folders.locks, ["visits"]), pytest.raises(Busy):
        restore(
            small.lake, small.ledger, small.contracts, "visits", "1", locks=small.folders.locks, lock_timeout=0.1
        )  # fmt: skip


def moment(version: int, batch: str, *, readable: bool = True, until: str | None = "2023") -> Moment:
    return Moment(version, "2023", until, "published", batch, 1, 1, readable)


def test_a_version_is_found_by_number_or_by_an_unmistakable_batch() -> None:
    known = [
        moment(1, "abcdef11"),
        moment(2, "abcdef22"),
        moment(3, "99999999", readable=False),
        moment(12, "77777777"),
    ]
    assert find(known, "1").version == 1
    assert find(known, "abcdef2").version == 2
    for unknown in ("17", "abc", "zzzzzzzz", "abcdef", "3", "999999"):
        with pytest.raises(VersionGone):
            find(known, unknown)


def test_history_promises_what_was_read_in_the_last_days() -> None:
    now = utc_now()
    ago = [(now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for days in (40, 20)]
    known = [moment(1, "a", until=ago[0]), moment(2, "b", until=ago[1]), moment(3, "c", until=None)]
    assert promised(known, 30, now) == {2, 3}
    assert promised(known, 0, now) == {3}
    assert promised(known, 365, now) == {1, 2, 3}


@pytest.mark.long
def test_an_ingestion_follows_a_way_back(small: Small) -> None:
    small.ingest(small.drop("one", people=GOOD_PEOPLE, visits=GOOD_VISITS))
    first = small.rows("visits")
    two = small.drop("two", visits=("004,PSA0000000000001,1,D1,2023-04-02,,A,1",))
    small.ingest(two)
    undone = restore(small.lake, small.ledger, small.contracts, "visits", "1", locks=small.folders.locks)
    assert small.rows("visits") == first
    assert undone.with_it == ()
    assert not small.ingest(two).changed, "a batch that was gone back from does not come back by itself"
    assert small.rows("visits") == first
    small.ingest(small.drop("three", visits=("006,PSA0000000000002,1,D1,2023-05-02,,A,2",)))
    assert len(small.rows("visits")) == len(first) + 1
    assert small.lake.table("visits").version() == small.ledger.published("visits")

"""Derived tables through months that come, change and go: stacked, counted, never multiplied, nothing else touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingestion.derived.records import Records
from tests.ingestion.derived.conftest import FLAT, VISIT, Claims

pytestmark = pytest.mark.spark

JANUARY = {
    "VISIT": ["1,a,2023-01-01,,first", "2,b,2023-01-02,71,info", "3,c,2023-01-03,10,"],
    # Two drugs and two acts of one visit: a join of everything with everything would make four rows of it.
    "DRUG": ["1,D1,x", "1,D2,y", "2,D3,z", "9,D9,orphan"],
    "ACT": ["1,A1,", "1,A2,"],
}
FEBRUARY = {"VISIT": ["4,a,2023-02-01,,"], "DRUG": ["4,D1,w"]}


@pytest.mark.long
def test_months_are_stacked_and_counted_and_old_ones_are_left_alone(claims: Claims) -> None:
    assert claims.derive("FLAT").state == "waiting"
    claims.take("01", **JANUARY)
    planned = claims.derive("FLAT", dry_run=True)
    assert (planned.state, planned["DRUG"].rows_read, claims.ledger.published("FLAT")) == ("planned", 4, None)
    report = claims.derive("FLAT")
    assert report.state == "published"
    assert {one.part: (one.rows_read, one.written, dict(one.left_out), one.absent) for one in report.parts} == {
        "VISIT": (3, 2, {"for_information": 1}, 0),
        # The null qualifier is kept, the drug of the visit for information goes with it, the orphan stays.
        "DRUG": (4, 3, {"for_information": 1}, 1),
        "ACT": (2, 2, {}, 0),
    }
    assert all(one.holds for one in report.parts)
    assert claims.rows("FLAT", "part", "number", "note", "code", "DRUG_note", "ACT_code", "qualifier") == [
        ("ACT", "1", "first", None, None, "A1", None),
        ("ACT", "1", "first", None, None, "A2", None),
        ("DRUG", "1", "first", "D1", "x", None, None),
        ("DRUG", "1", "first", "D2", "y", None, None),
        ("DRUG", "9", None, "D9", "orphan", None, None),
        ("VISIT", "1", "first", None, None, None, None),
        ("VISIT", "3", None, None, None, None, 10),
    ]
    people = {row[0]: row[1] for row in claims.rows("VISIT", "number", "person_key")}
    for number, key in claims.rows("FLAT", "number", "person_key"):
        assert key == people.get(str(number))
    pointer = claims.ledger.pointer("FLAT")
    assert pointer is not None
    assert (pointer.row_count, pointer.period_from, pointer.period_to) == (7, "2023-01-01", "2023-01-03")
    lines = claims.ledger.batches(table="FLAT", states=["published"])
    assert sum(line.counts.rows_read for line in lines if line.counts) == 9

    assert claims.derive("FLAT").state == "unchanged"
    assert claims.ledger.published("FLAT") == report.version
    january = claims.batches("FLAT")
    files = {path.name for path in (claims.home.lake / "FLAT").glob("*.parquet")}
    _check_timeline(claims)
    claims.take("02", **FEBRUARY)
    report = claims.derive("FLAT")
    assert {one.part: (one.rows_read, one.written) for one in report.parts} == {"VISIT": (1, 1), "DRUG": (1, 1)}
    # The orphan's batch was counted again and left where it is.
    assert (report.kept, report.removed) == (3, 0)
    assert january < claims.batches("FLAT")
    assert files < {path.name for path in (claims.home.lake / "FLAT").glob("*.parquet")}
    report = claims.derive("LINE")
    assert (report["drug DRUG code"].written, report.kept, report.removed) == (1, 3, 0)


@pytest.mark.long
def test_what_comes_late_goes_or_contradicts_is_as_if_all_were_derived_anew(claims: Claims) -> None:
    claims.take("01", **JANUARY)
    claims.derive("FLAT")
    claims.take("02", VISIT=["9,z,2023-02-01,71,late"])
    report = claims.derive("FLAT")
    # The visit of the orphan came, and is for information only: its drug, derived again, goes with it.
    assert (report["DRUG"].rows_read, dict(report["DRUG"].left_out), report.removed) == (4, {"for_information": 2}, 1)
    # A second row under a key that January has, and that differs: it is nobody's any more.
    claims.take("03", VISIT=["1,x,2023-03-01,,other"])
    report = claims.derive("FLAT")
    assert (report["DRUG"].split, report["ACT"].split) == (2, 2)
    assert report["ACT"].written == 2
    assert claims.rows("FLAT", "part", "note", "ACT_code", "person_key")[:2] == [
        ("ACT", None, "A1", None), ("ACT", None, "A2", None),
    ]  # fmt: skip
    anew = _everything(claims)
    # A new version of the contract replaces January's visits; everything that carried them is derived again.
    claims.contracts["VISIT"] = VISIT.replace("version: 1", "version: 2")
    claims.take("01", replay=True, **JANUARY)
    report = claims.derive("FLAT")
    assert report.removed > 0
    assert _everything(claims) == anew
    # The table as it was before this: the ledger knows more than is there, and it comes to the same.
    _restore(claims, "FLAT", int(report.version or 0) - 1)
    assert claims.derive("FLAT").state == "published"
    assert _everything(claims) == anew
    claims.definitions["FLAT"] = FLAT.replace('["71"]', '["72"]')
    report = claims.derive("FLAT")
    assert report.kept == 0
    assert sum(one.rows_read for one in report.parts) == report.rows


@pytest.mark.long
def test_a_run_that_dies_anywhere_changes_nothing_and_converges(make_claims: Callable[[], Claims]) -> None:
    claims = make_claims()
    claims.take("01", **JANUARY)
    claims.derive("FLAT")
    before = _everything(claims)
    claims.take("02", VISIT=["9,z,2023-02-01,,late"])

    for death in ("counted", "written"):

        def die(_table: str, step: str, death: str = death) -> None:
            if step == death:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            claims.derive("FLAT", progress=die)
        assert _everything(claims) == before

    # Killed between the records and the pointer, where nothing could be taken back.
    move = claims.ledger.move
    claims.ledger.move = lambda _pointers: (_ for _ in ()).throw(SystemExit)  # type: ignore[method-assign]
    recover = type(claims.lake.table("FLAT")).take_back
    type(claims.lake.table("FLAT")).take_back = lambda *_: False  # type: ignore[method-assign]
    try:
        with pytest.raises(SystemExit):
            claims.derive("FLAT")
    finally:
        claims.ledger.move = move  # type: ignore[method-assign]
        type(claims.lake.table("FLAT")).take_back = recover  # type: ignore[method-assign]
    assert _everything(claims) == before
    assert len(Records(claims.engine).of("FLAT")) > 3
    report = make_claims().derive("FLAT")
    assert (report.state, report["DRUG"].absent, report.rows) == ("published", 0, 8)
    assert make_claims().derive("FLAT").state == "unchanged"


def _check_timeline(claims: Claims) -> None:
    report = claims.derive("LINE")
    assert {one.part: (one.rows_read, one.written, dict(one.left_out)) for one in report.parts} == {
        "visit VISIT day": (2, 2, {}),
        "drug DRUG code": (3, 2, {"no_person": 1}),
        "act ACT ACT_code": (2, 2, {}),
    }
    rows = claims.rows("LINE", "category", "code", "value", "start", "end", "source")
    assert [(*row[:3], str(row[3]), *row[4:]) for row in rows[:3]] == [
        ("act", "A1", "done", "2023-01-01", None, "ACT"),
        ("act", "A2", "done", "2023-01-01", None, "ACT"),
        ("drug", "D1", "x", "2023-01-01", None, "DRUG"),
    ]
    assert {row[0] for row in claims.rows("LINE", "start_precision")} == {"day"}
    ends = claims.rows("LINE", "end", "end_precision")
    assert {(end is None, precision) for end, precision in ends} == {(True, None), (False, "day")}


def _everything(claims: Claims) -> list[tuple[object, ...]]:
    return claims.rows("FLAT", "part", "number", "day", "qualifier", "note", "code", "ACT_code", "person_key")


def _restore(claims: Claims, table: str, version: int) -> None:
    """The pointer is put back by hand, as whoever restores a table does."""
    from dataclasses import replace

    pointer = claims.ledger.pointer(table)
    assert pointer is not None
    claims.ledger.move([replace(pointer, version=version)])

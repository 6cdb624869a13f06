"""A batch changes its table as its contract says, and the ledger tells what it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingestion.strategies import Changes

if TYPE_CHECKING:
    from tests.ingestion.conftest import Small

pytestmark = pytest.mark.spark

COLUMNS = """
columns:
  number: {required: true, sensitivity: record_key, fr: n, en: n}
  mark: {codes: [INSERT, UPDATE, DELETE], sensitivity: plain, fr: m, en: m}
  since: {type: int, sensitivity: plain, fr: s, en: s}
  value: {sensitivity: plain, fr: v, en: v}
"""
HEAD = """
table: {table}
version: 1
source: changing
files: "{table}*.csv"
format: csv
label: {{fr: t, en: t}}
key: [number]
record_keys: {{number: [number]}}
"""
MARKED = HEAD.format(table="marked") + (
    "write: upsert\norder_by: [since]\nmarks: {column: mark, delete: [DELETE]}\n" + COLUMNS
)
WHOLE = HEAD.format(table="whole") + "write: snapshot\n" + COLUMNS


@pytest.fixture
def changing(make_small: Callable[[], Small], contract_folder: Path) -> Small:
    (contract_folder / "marked.yaml").write_text(MARKED, encoding="utf-8")
    (contract_folder / "whole.yaml").write_text(WHOLE, encoding="utf-8")
    return make_small()


def send(small: Small, name: str, **tables: list[str]) -> Path:
    folder = small.home.landing / "changing" / name
    folder.mkdir(parents=True)
    for table, lines in tables.items():
        (folder / f"{table}.csv").write_text("\n".join(["number,mark,since,value", *lines, ""]), encoding="utf-8")
    return folder


def take(small: Small, folder: Path) -> dict[str, dict[str, int]]:
    report = small.ingest(folder, source="changing")
    assert report.holds
    batches = small.ledger.batches(source="changing", drop_id=report.drop_id)
    return {batch.table: dict(batch.counts.changes) for batch in batches if batch.counts}


def rows(small: Small, table: str) -> dict[str, str]:
    return {row["number"]: row["value"] for row in small.lake.read(table).collect()}


def test_marks_and_order_decide_what_an_upsert_does_and_a_snapshot_tells_what_it_changed(changing: Small) -> None:
    first = ["1,INSERT,5,a", "2,INSERT,5,b", "3,INSERT,5,c", "4,DELETE,5,d"]
    told = take(changing, send(changing, "one", marked=first, whole=first))
    assert rows(changing, "marked") == {"1": "a", "2": "b", "3": "c"}
    assert told == {"marked": {"inserted": 3, "superseded": 1}, "whole": {"inserted": 4}}

    later = ["1,UPDATE,6,A", "2,UPDATE,4,late", "3,DELETE,6,", "5,INSERT,1,e", "6,DELETE,1,f"]
    told = take(changing, send(changing, "two", marked=later, whole=[*later[:2], "4,DELETE,5,d"]))
    assert rows(changing, "marked") == {"1": "A", "2": "b", "5": "e"}
    # 2 came too late, and 6 was never there.
    assert told["marked"] == {"inserted": 1, "updated": 1, "deleted": 1, "superseded": 2}
    assert rows(changing, "whole") == {"1": "A", "2": "late", "4": "d"}
    assert told["whole"] == {"updated": 2, "deleted": 1, "unchanged": 1}

    history = changing.lake.table("marked")
    newest = changing.ledger.published("marked")
    assert newest is not None
    log = (history.path / "_delta_log" / f"{newest:020d}.json").read_text("utf-8")
    assert "late" not in log and "DELETE'" not in log


def test_a_mark_that_nobody_knows_is_refused(changing: Small) -> None:
    report = changing.ingest(send(changing, "one", marked=["1,INSERT,1,a", "2,REMOVE,1,b"]), source="changing")
    assert report["marked"].details == {"unknown_code:mark": 1}


def test_a_later_month_adds_files_and_rewrites_none(small: Small) -> None:
    """Late data: an appended batch leaves every file of the others as it is."""
    visit = "{},P,1,D,2023-01-0{},,A,1"
    small.ingest(small.drop("one", visits=[visit.format(number, 1) for number in range(5)]))
    before = small.files("visits")
    small.ingest(small.drop("two", visits=[visit.format(number, 2) for number in range(5, 8)]))
    assert before < small.files("visits")
    version = small.ledger.published("visits")
    assert version is not None
    log = (small.lake.table("visits").path / "_delta_log" / f"{version:020d}.json").read_text("utf-8")
    assert '"remove"' not in log


def test_changes_tell_only_what_happened() -> None:
    assert Changes(inserted=2).told() == {"inserted": 2}
    assert Changes().told() == {}


def test_a_table_that_keeps_no_column_is_counted_all_the_same(
    make_small: Callable[[], Small], contract_folder: Path
) -> None:
    text = HEAD.format(table="nothing").replace("key: [number]\nrecord_keys: {number: [number]}\n", "") + COLUMNS
    for word in ("required: true, sensitivity: record_key, ", "codes: [INSERT, UPDATE, DELETE], ", "type: int, "):
        text = text.replace(word, "")
    (contract_folder / "nothing.yaml").write_text(text.replace("sensitivity: plain, ", ""), encoding="utf-8")
    small = make_small()
    report = small.ingest(send(small, "one", nothing=["1,INSERT,1,a", "2,INSERT"]), source="changing")
    assert (report["nothing"].accepted, report["nothing"].details) == (1, {"malformed_row": 1})

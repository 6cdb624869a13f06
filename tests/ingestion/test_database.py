"""Tables of a database become a drop, from a real PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ingestion.contract_set import load_contracts
from ingestion.database import Fetched, fetch
from ingestion.drop import take_in
from ingestion.errors import ContractError, DropError, IngestionError
from ingestion.sources import source_of
from ingestion.watermarks import Watermarks

STAYS = """
table: stays
version: 1
source: registry
files: "stays.ndjson"
format: ndjson
database: {name: erp, table: care.stays, watermark: updated}
label: {fr: x, en: x}
key: [number]
write: upsert
columns:
  number: {required: true, type: long, sensitivity: record_key, fr: n, en: n}
  name: {sensitivity: direct, fr: n, en: n}
  price: {type: "decimal(12,2)", sensitivity: plain, fr: n, en: n}
  open: {type: boolean, sensitivity: plain, fr: n, en: n}
  updated: {type: timestamp, sensitivity: plain, fr: n, en: n}
"""
UNITS = """
table: units
version: 1
source: registry
files: "units.ndjson"
format: ndjson
database: {name: erp, table: units}
label: {fr: x, en: x}
write: snapshot
columns:
  code: {sensitivity: plain, fr: n, en: n}
"""
INSERT = "INSERT INTO care.stays VALUES "

Fetch = Callable[[], tuple[Path | None, list[Fetched]]]


@pytest.fixture
def sql(postgresql: str) -> Callable[[str], None]:
    engine = create_engine(postgresql)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    run("CREATE SCHEMA care")
    run("CREATE TABLE care.stays (number bigint, name text, price numeric, open boolean, updated timestamptz)")
    run("CREATE TABLE units (code text)")
    run("INSERT INTO units VALUES ('A'), ('B')")
    return run


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "stays.yaml").write_text(STAYS, encoding="utf-8")
    (folder / "units.yaml").write_text(UNITS, encoding="utf-8")
    return folder


@pytest.fixture
def fetched(tmp_path: Path, postgresql: str, contracts: Path) -> Fetch:
    def again() -> tuple[Path | None, list[Fetched]]:
        return fetch(
            "registry", load_contracts(contracts).source("registry"), {"erp": postgresql}, tmp_path / "landing",
            Watermarks(tmp_path / "watermarks.json"), "now",
        )  # fmt: skip

    return again


def rows(place: Path | None, table: str = "stays") -> list[dict[str, str]]:
    assert place is not None
    return [json.loads(line) for line in (place / f"{table}.ndjson").read_text(encoding="utf-8").splitlines()]


def test_a_snapshot_is_a_drop_with_hash_and_rows(
    sql: Callable[[str], None], fetched: Fetch, tmp_path: Path, contracts: Path
) -> None:
    sql(f"{INSERT} (1, E'two\\nlines', 1e3, true, '2023-01-02 10:00+00'), (2, NULL, 10.50, false, NULL)")
    place, tables = fetched()
    assert {one.table: one.rows for one in tables} == {"stays": 2, "units": 2}
    assert place is not None
    assert rows(place)[0] == {
        "number": "1", "name": "two\nlines", "price": "1000", "open": "true", "updated": "2023-01-02T10:00:00+00:00",
    }  # fmt: skip
    assert "name" not in rows(place)[1]
    entry = json.loads((place / "manifest.json").read_text())["files"]["stays.ndjson"]
    assert entry["rows"] == 2
    assert entry["sha256"] == hashlib.sha256((place / "stays.ndjson").read_bytes()).hexdigest()
    drop = take_in("registry", place, load_contracts(contracts).source("registry"), tmp_path / "intake")
    for table in drop.tables:
        source_of(table.contract).check(table)
    assert {table.contract.table: table.total("rows") for table in drop.tables} == {"stays": 2, "units": 2}
    assert not [path for path in (tmp_path / "landing" / "registry").iterdir() if path.name.startswith(".")]


def test_the_next_snapshot_starts_where_the_last_one_ended_and_loses_no_row_of_that_moment(
    sql: Callable[[str], None], fetched: Fetch, tmp_path: Path
) -> None:
    sql(f"{INSERT} (1, 'a', 1, true, '2023-01-02 10:00+00'), (2, 'b', 1, true, '2023-01-03 10:00+00')")
    fetched()
    sql(f"{INSERT} (3, 'c', 1, true, '2023-01-03 10:00+00'), (4, 'd', 1, true, '2023-02-01'), (5, 'e', 1, true, NULL)")
    second, _ = fetched()
    assert second is not None
    assert second.name == "now-2"
    assert {row["number"] for row in rows(second)} == {"2", "3", "4", "5"}
    assert (tmp_path / "watermarks.json").stat().st_mode & 0o077 == 0


def test_nothing_new_is_no_drop(sql: Callable[[str], None], fetched: Fetch, tmp_path: Path) -> None:
    sql("DELETE FROM units")
    place, tables = fetched()
    assert place is None
    assert {one.rows for one in tables} == {0}
    assert list((tmp_path / "landing" / "registry").iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE units", "units: its database has no table units"),
        ("ALTER TABLE care.stays DROP COLUMN price", "care.stays has no column price"),
        ("ALTER TABLE care.stays DROP COLUMN updated", "care.stays has no column updated"),
    ],
)
def test_a_database_that_is_not_as_the_contract_says_leaves_no_drop(
    sql: Callable[[str], None], fetched: Fetch, tmp_path: Path, statement: str, said: str
) -> None:
    sql(statement)
    with pytest.raises(DropError, match=said):
        fetched()
    assert list((tmp_path / "landing" / "registry").iterdir()) == []
    assert not (tmp_path / "watermarks.json").exists()


def test_a_database_that_does_not_answer_is_said_without_its_url(contracts: Path, tmp_path: Path) -> None:
    mine = load_contracts(contracts).source("registry")
    marks = Watermarks(tmp_path / "watermarks.json")
    url = "postgresql+psycopg://ada:secret@127.0.0.1:1/none"
    for urls, said in (({"erp": url}, "cannot be read"), ({}, "No URL"), ({"erp": "no url"}, "cannot be used")):
        with pytest.raises(IngestionError, match=said) as caught:
            fetch("registry", mine, urls, tmp_path / "landing", marks, "now")
        assert "secret" not in str(caught.value)
        assert "127.0.0.1" not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(ContractError, match="names a database"):
        fetch("registry", [], {}, tmp_path / "landing", marks, "now")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"stays": 3}', '{"stays": {"kind": "int", "value": "x"}}'])
def test_a_damaged_watermark_is_said_and_never_skipped(tmp_path: Path, content: str) -> None:
    path = tmp_path / "watermarks.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(IngestionError, match="is damaged"):
        Watermarks(path).of("stays")

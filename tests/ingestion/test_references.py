from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.contract_set import load_contracts
from ingestion.drop import take_in
from ingestion.errors import NotPublished
from ingestion.records import ABSENT
from ingestion.references import Parents
from ingestion.sources import source_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

CONTRACT = """
table: {table}
version: 1
source: care
files: "{table}.csv"
format: csv
label: {{fr: x, en: x}}
{more}
columns:
  number: {{type: int, sensitivity: record_key, fr: n, en: n}}
  part: {{sensitivity: record_key, fr: n, en: n}}
"""
REFERENCES = "references: [{table: stays, keys: {number: number, part: part}}]"
ACTS = ["number,part", "1,a", "01, a ", "1,b", "2,a", "9,a", ",a", "7,", "x,a", "1,a,more", "3,c"]
STAYS = ["number,part", "001,a", "2,a", "2,a", "9,a,more"]


@pytest.fixture
def marked(tmp_path: Path, spark: SparkSession):  # type: ignore[no-untyped-def]
    folder, drop = tmp_path / "contracts", tmp_path / "drop"
    folder.mkdir()
    drop.mkdir()
    (folder / "stays.yaml").write_text(CONTRACT.format(table="stays", more=""), encoding="utf-8")
    (folder / "acts.yaml").write_text(CONTRACT.format(table="acts", more=REFERENCES), encoding="utf-8")
    contracts = load_contracts(folder)

    def mark(stays: list[str] | None, published: list[tuple[int, str]] | None) -> list[tuple[Any, Any, Any]]:
        (drop / "acts.csv").write_text("\n".join(ACTS), encoding="utf-8")
        (drop / "stays.csv").unlink(missing_ok=True)
        if stays:
            (drop / "stays.csv").write_text("\n".join(stays), encoding="utf-8")
        tables = {one.contract.table: one for one in take_in("care", drop, contracts.source("care"), tmp_path).tables}

        def lake(table: str) -> DataFrame:
            if published is None:
                raise NotPublished(table)
            return spark.createDataFrame(published, "number INT, part STRING")

        known: Any = SimpleNamespace(read=lake)
        parents = Parents(contracts, known, tables, lambda one: source_of(one.contract).read(spark, one))
        acts = tables["acts"]
        frame = parents.mark(source_of(acts.contract).read(spark, acts), acts.contract)
        return [(row["number"], row["part"], row[ABSENT]) for row in frame.collect()]

    return mark


def absent(rows: list[tuple[Any, Any, Any]]) -> set[tuple[Any, Any]]:
    assert len(rows) == len(ACTS) - 1
    assert {reason for *_, reason in rows} <= {None, "missing_parent:stays"}
    return {(number, part) for number, part, reason in rows if reason}


def test_rows_without_a_parent_in_the_drop_are_found(marked) -> None:  # type: ignore[no-untyped-def]
    # A stay that could not be read is no parent; a key that is not filled in, or is no number, names none.
    assert absent(marked(STAYS, None)) == {("1", "b"), ("9", "a"), ("3", "c")}


def test_a_published_parent_counts_as_well(marked) -> None:  # type: ignore[no-untyped-def]
    assert absent(marked(STAYS, [(3, "c"), (3, "c"), (1, "a")])) == {("1", "b"), ("9", "a")}
    assert absent(marked(None, [(1, "b")])) >= {("3", "c"), ("9", "a")}


def test_where_no_parent_was_ever_delivered_every_row_lacks_it(marked) -> None:  # type: ignore[no-untyped-def]
    assert absent(marked(None, None)) == {("1", "a"), ("01", " a "), ("1", "b"), ("2", "a"), ("9", "a"), ("3", "c")}

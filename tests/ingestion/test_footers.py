"""Missing values and places of rows are told by the files of a version, or not at all."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from ingestion.far import Far
from ingestion.footers import null_counts, places
from ingestion.lake_table import LakeTable

SCHEMA = {"a": "string", "b": "int", "batch_id": "string"}


@pytest.mark.spark
def test_footers_count_what_a_version_brought(spark: SparkSession, tmp_path: Path) -> None:
    table = LakeTable(spark, tmp_path, "t")
    table.create(SCHEMA, ["batch_id"])
    rows = [("x", None, "one"), (None, None, "one"), ("y", 3, "one")]
    first = table.append(spark.createDataFrame(rows, "a string, b int, batch_id string"), "one")
    assert null_counts(table.path, first.version, 3) == {"a": 1, "b": 2, "batch_id": 0}
    assert null_counts(table.path, first.version, 4) is None, "these are not the rows in question"
    later = table.append(spark.createDataFrame([("z", "two")], "a string, batch_id string"), "two")
    counted = null_counts(table.path, later.version, 1)
    assert counted is not None
    assert counted["a"] == 0
    assert counted.get("b", 1) == 1
    assert null_counts(Far("file:///nowhere", spark), 1, 1) is None


@pytest.mark.spark
def test_the_places_of_what_a_version_brought(spark: SparkSession, tmp_path: Path) -> None:
    table = LakeTable(spark, tmp_path, "t")
    table.create({"row_id": "bigint", "batch_id": "string"}, ["batch_id"])
    table.append(spark.createDataFrame([(1, "one")], "row_id bigint, batch_id string"), "one")
    rows = spark.createDataFrame([(0, "two"), (40_000, "two"), (3, "two")], "row_id bigint, batch_id string")
    version = table.append(rows.repartition(2), "two").version
    found = places(table.path, version, 3)
    assert found is not None
    assert list(found.absent(0, 5)) == [1, 2, 4]
    assert list(found.absent(39_999, 3)) == [39_999, 40_001]
    assert places(table.path, version, 4) is None, "these are not the rows in question"
    assert places(Far("file:///nowhere", spark), version, 3) is None
    for file in (tmp_path / "t").glob("*.parquet"):
        file.unlink()
    assert places(table.path, version, 3) is None

"""Chosen values are compared with rows and are in no plan."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.chosen import chosen, with_chosen

pytestmark = pytest.mark.spark
SECRET = "185057800604822"


def test_values_join_and_are_in_no_plan(spark: SparkSession) -> None:
    rows = spark.range(3).select(F.concat(F.lit("1850578006048"), F.lit(21) + F.col("id")).alias("number"))
    joined = rows.join(chosen(spark, ["gone"], [[SECRET]]), F.col("number") == F.col("gone"), "left_semi")
    marked = with_chosen(rows, spark, "gone", [SECRET]).where(F.array_contains("gone", F.col("number")))
    for frame in (joined, marked):
        assert frame.count() == 1
        assert SECRET not in frame._jdf.queryExecution().toString()
    assert with_chosen(rows, spark, "gone", []).where(F.size("gone") > 0).count() == 0

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from ingestion.effort import SMALL, measured_effort

pytestmark = pytest.mark.spark
MODE = "spark.sql.codegen.factoryMode"


def test_a_small_drop_is_interpreted_and_the_session_is_as_before(spark: SparkSession) -> None:
    before = spark.conf.get(MODE)
    spark.conf.set(MODE, "FALLBACK")
    try:
        with pytest.raises(ValueError), measured_effort(spark, SMALL - 1):
            assert spark.conf.get(MODE) == "NO_CODEGEN"
            raise ValueError
        assert spark.conf.get(MODE) == "FALLBACK"
    finally:
        spark.conf.set(MODE, before)


def test_a_large_drop_is_compiled(spark: SparkSession) -> None:
    before = spark.conf.get(MODE)
    spark.conf.set(MODE, "FALLBACK")
    try:
        with measured_effort(spark, SMALL):
            assert spark.conf.get(MODE) == "FALLBACK"
    finally:
        spark.conf.set(MODE, before)


def test_drops_of_one_table_that_are_small_are_compiled_once_they_are_many(spark: SparkSession) -> None:
    before = spark.conf.get(MODE)
    spark.conf.set(MODE, "FALLBACK")
    seen = []
    try:
        for table in ("many", "many", "few", "many"):
            with measured_effort(spark, SMALL * 2 // 5, table):
                seen.append(spark.conf.get(MODE))
    finally:
        spark.conf.set(MODE, before)
    assert seen == ["NO_CODEGEN", "NO_CODEGEN", "NO_CODEGEN", "FALLBACK"]

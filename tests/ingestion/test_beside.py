"""What is done beside something else: its result, its failure, and its end with the others."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from ingestion.abreast import abreast
from ingestion.beside import Beside

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


def test_both_are_under_way_together(spark: SparkSession) -> None:
    met = threading.Barrier(2)
    with Beside(spark) as beside:
        other = beside(lambda: met.wait(60))
        met.wait(60)
        assert other.result() in (0, 1)


def test_a_failure_is_raised_where_the_result_is_asked_for(spark: SparkSession) -> None:
    def failing() -> None:
        raise ValueError("beside")

    with Beside(spark) as beside, pytest.raises(ValueError, match="beside"):
        beside(failing).result()


def test_the_block_ends_when_both_have_ended(spark: SparkSession) -> None:
    ended = threading.Event()
    with Beside(spark) as beside:
        beside(lambda: (time.sleep(0.2), ended.set()))
    assert ended.is_set()


def test_its_jobs_are_cancelled_with_those_of_its_table(spark: SparkSession) -> None:
    ended = threading.Event()

    def long_one() -> None:
        try:
            spark.range(0, 10**12, 1, 2).selectExpr("sum(id % 7)").collect()
        finally:
            ended.set()

    def table() -> None:
        with Beside(spark) as beside:
            beside(long_one).result()

    def failing() -> None:
        time.sleep(1)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        abreast(spark, [failing, table], at_once=2)
    assert ended.is_set()

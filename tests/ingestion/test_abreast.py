"""Tables side by side: their order, their number, and what becomes of the others when one fails."""

from __future__ import annotations

import threading
import time

import pytest
from pyspark.sql import SparkSession

from ingestion.abreast import abreast

pytestmark = pytest.mark.spark


def test_every_task_runs_and_no_more_than_allowed_at_once(spark: SparkSession) -> None:
    under_way, most, begun, turn, both = 0, 0, [], threading.Lock(), threading.Barrier(2)

    def task(number: int) -> None:
        nonlocal under_way, most
        with turn:
            begun.append(number)
            under_way += 1
            most = max(most, under_way)
        if number < 2:
            both.wait(60)
        time.sleep(0.05)
        with turn:
            under_way -= 1

    abreast(spark, [lambda number=number: task(number) for number in range(7)], at_once=2)
    assert sorted(begun) == list(range(7))
    assert most == 2


def test_alone_they_begin_in_their_order(spark: SparkSession) -> None:
    begun: list[int] = []
    abreast(spark, [lambda number=number: begun.append(number) for number in range(5)], at_once=1)
    assert begun == list(range(5))


def test_a_failure_is_raised_and_nothing_begins_after_it(spark: SparkSession) -> None:
    begun: list[int] = []

    def task(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("the second")
        time.sleep(2)

    with pytest.raises(ValueError, match="the second"):
        abreast(spark, [lambda number=number: task(number) for number in range(6)], at_once=2)
    assert sorted(begun) == [0, 1]


def test_a_job_that_begins_after_the_failure_is_cancelled_too(spark: SparkSession) -> None:
    failed = threading.Event()

    def late_one() -> None:
        failed.wait(10)
        time.sleep(1)
        spark.range(0, 10**12, 1, 2).selectExpr("sum(id % 7)").collect()

    def failing() -> None:
        failed.set()
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        abreast(spark, [late_one, failing], at_once=2)


def test_the_jobs_of_the_others_are_cancelled(spark: SparkSession) -> None:
    ended = threading.Event()

    def long_one() -> None:
        try:
            spark.range(0, 10**12, 1, 2).selectExpr("sum(id % 7)").collect()
        finally:
            ended.set()

    def failing() -> None:
        time.sleep(1)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        abreast(spark, [failing, long_one], at_once=2)
    assert ended.is_set()

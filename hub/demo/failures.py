"""Failures forced over identifying rows, so that the search has logs of failures to look into."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def force_failures(spark: SparkSession, landing: Path) -> list[str]:
    """Casts that fail, a job whose tasks are killed, a worker that dies: each over the patients' raw lines.

    Returns the names of those that came about as meant. Python's own messages of these failures are dropped here;
    what Spark wrote of them stays where Spark writes.
    """
    patients = spark.read.text(str(landing / "chu" / "*" / "Patient.*.ndjson"))
    done = []
    name = F.get_json_object("value", "$.name[0].family")
    cast = patients.select(name.cast("int").alias("a"), F.to_date(name, "yyyy-MM-dd").alias("b"), name.alias("c"))
    if cast.where("c IS NOT NULL AND a IS NULL AND b IS NULL").count() == patients.count() > 0:
        done.append("casts that fail")
    if _fails(lambda: _killed(spark, patients)):
        done.append("killed tasks")
    if _fails(lambda: patients.mapInPandas(_dies, "value string").count()):
        done.append("a dead worker")
    return done


def _fails(job: Callable[[], object]) -> bool:
    try:
        job()
    # Any of Spark's errors will do; none of its messages is kept.
    except PySparkException:
        return True
    # The gateway wraps some failures in errors of its own.
    except Exception as error:
        return type(error).__module__.startswith("py4j")
    return False


def _killed(spark: SparkSession, patients: DataFrame) -> int:
    group = "forced-failure"

    def cancel() -> None:
        time.sleep(3)
        spark.sparkContext.cancelJobGroup(group)

    thread = threading.Thread(target=cancel)
    thread.start()
    spark.sparkContext.setJobGroup(group, "a job that is killed", interruptOnCancel=True)
    try:
        return patients.mapInPandas(_sleeps, "value string").count()
    finally:
        thread.join()
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", "")


def _sleeps(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for batch in batches:
        time.sleep(30)
        yield batch


def _dies(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for batch in batches:
        os.kill(os.getpid(), signal.SIGKILL)
        yield batch

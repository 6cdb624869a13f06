"""How hard the engine prepares for a drop: what compiles longer than it runs is interpreted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

SMALL = 128 * 2**20
"""Bytes of a drop's largest table; below, compiling the expressions of a wide table costs more than it saves."""

_MODE = "spark.sql.codegen.factoryMode"


@contextmanager
def measured_effort(spark: SparkSession, size: int) -> Iterator[None]:
    """Interpret expressions instead of compiling them while a small drop is taken through.

    A table of 122 columns becomes some ten thousand lines of Java for each query on it, which the JVM compiles,
    runs interpreted, and compiles again while it runs: for 62,000 rows that was half of all the processor time.
    """
    if size >= SMALL:
        yield
        return
    before = spark.conf.get(_MODE, None)
    spark.conf.set(_MODE, "NO_CODEGEN")
    try:
        yield
    finally:
        if before is None:
            spark.conf.unset(_MODE)
        else:
            spark.conf.set(_MODE, before)

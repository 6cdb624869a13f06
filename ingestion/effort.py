"""How hard the engine prepares for a drop: what takes longer to prepare than to run is done plainly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from pyspark.sql import SparkSession

SMALL = 128 * 2**20
"""Bytes of a table in one session; below, compiling the expressions of a wide table costs more than it saves."""
_so_far: WeakKeyDictionary[SparkSession, Counter[str]] = WeakKeyDictionary()

_PLAIN = {
    # A table of 122 columns becomes some ten thousand lines of Java for each query on it, which the JVM compiles,
    # runs interpreted, and compiles again while it runs: for 62,000 rows that was half of all the processor time.
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Planning again between two stages, and more partitions than one, pay off with rows that are not there.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}


_LARGE = {
    # Every select that is not folded into the next copies each row, all of its columns; what is then written twice
    # in one select is computed once all the same.
    "spark.sql.optimizer.collapseProjectAlwaysInline": "true",
}


@contextmanager
def measured_effort(spark: SparkSession, size: int, table: str | None = None) -> Iterator[None]:
    """While `size` bytes are taken through: interpreted expressions, no second planning, one partition if they are few.

    What a session took through before of the same `table` counts too: drop after drop, compiling pays in the end, and
    what was compiled for one serves the next.
    """
    seen = _so_far.setdefault(spark, Counter())
    if table is not None:
        seen[table] += size
        size = seen[table]
    wanted = _PLAIN if size < SMALL else _LARGE
    before = {name: spark.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, kept in before.items():
            if kept is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, kept)

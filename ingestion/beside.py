"""Something done beside something else, for the same table: while one reads, the other computes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession

Done = TypeVar("Done")


class Beside:
    """One more thread, until the block ends; what it asks of the engine is cancelled with what its block asks."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="beside")
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def __call__(self, task: Callable[[], Done]) -> Future[Done]:
        """Begin a task; its `result()` is what it returns, or raises what it raised."""
        # Tags of jobs, by which a failure elsewhere ends them, belong to threads.
        return self._pool.submit(inheritable_thread_target(self._spark)(task))

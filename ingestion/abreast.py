"""Several tables of a drop at once: while one is planned, another is read."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from pyspark.sql import SparkSession

AT_ONCE = 2
"""Tables under way together. The driver plans a small table as long as the engine runs it, so two keep both busy."""

_AGAIN = 0.5
"""Seconds between two attempts at ending what is under way after a failure."""


def abreast(spark: SparkSession, tasks: Iterable[Callable[[], None]], at_once: int = AT_ONCE) -> None:
    """Run `tasks`, `at_once` together, begun in their order. Raises the first failure, once none is under way.

    After a failure no further task begins and the jobs of those under way are cancelled.
    """
    context, tag = spark.sparkContext, f"abreast-{uuid.uuid4().hex}"

    failed_already = threading.Event()

    def tagged(task: Callable[[], None]) -> None:
        if failed_already.is_set():
            return
        context.addJobTag(tag)
        try:
            task()
        except BaseException:
            # Told here, and not by whoever waits: this very thread would begin the next task before he woke.
            failed_already.set()
            raise
        finally:
            context.removeJobTag(tag)

    with ThreadPoolExecutor(at_once, thread_name_prefix="table") as pool:
        under_way = [pool.submit(tagged, task) for task in tasks]
        try:
            done, _ = wait(under_way, return_when=FIRST_EXCEPTION)
            failed = [one for one in under_way if one in done and one.exception() is not None]
            if failed:
                failed[0].result()
        except BaseException:
            failed_already.set()
            left: set[Future[None]] = set(under_way)
            while left:
                # More than once: a task between two jobs has nothing to cancel yet.
                context.cancelJobsWithTag(tag)
                _, left = wait(left, timeout=_AGAIN)
            raise

"""Paired runs of a subject and its baseline in one process and one Spark session, and the table that they make."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from hub.paths import JARS
from hub.spark import SparkOptions, build_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MEBIBYTE = 2**20
_SAMPLE_SECONDS, _SAMPLE_SHARE = 0.25, 100


@dataclass(frozen=True)
class Work:
    """What one run went through: rows, and bytes as they are on disk before it."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Pair:
    """Seconds of one baseline run and of the subject's run next to it."""

    baseline: float
    subject: float

    @property
    def ratio(self) -> float:
        """How many times the baseline's time the subject took."""
        return self.subject / self.baseline


@dataclass(frozen=True)
class Result:
    """A measured pair of jobs. `first` came in a session that had not run them yet and is not in `pairs`."""

    name: str
    baseline: str
    work: Work
    first: Pair
    pairs: tuple[Pair, ...]
    peak_bytes: int

    @property
    def ratio(self) -> float:
        """Median of the pairs' ratios."""
        return statistics.median(pair.ratio for pair in self.pairs)

    @property
    def seconds(self) -> float:
        """Median seconds of the subject."""
        return statistics.median(pair.subject for pair in self.pairs)

    @property
    def baseline_seconds(self) -> float:
        """Median seconds of the baseline."""
        return statistics.median(pair.baseline for pair in self.pairs)


Job = Callable[[], Work]


def measure(name: str, baseline: str, bare: Job, subject: Job, runs: int) -> Result:
    """Run both once to warm up, then `runs` pairs whose order alternates.

    Peak memory is the subject's and the baseline's together: proportional set size of this process and all its
    children (the JVM, Python workers), sampled four times a second, or less often so that looking takes a hundredth of
    the time. Raises `ValueError` when they read other rows.
    """
    with _peak() as peak:
        pairs, work = [], Work(0, 0)
        for number in range(runs + 1):
            seconds: dict[str, float] = {}
            rows = {}
            for side in ("bare", "subject") if number % 2 == 0 else ("subject", "bare"):
                started = time.monotonic()
                done = bare() if side == "bare" else subject()
                seconds[side] = time.monotonic() - started
                rows[side] = done.rows
                work = done if side == "subject" else work
            if rows["bare"] != rows["subject"]:
                raise ValueError(f"{name}: baseline and subject read {rows['bare']} and {rows['subject']} rows.")
            pairs.append(Pair(seconds["bare"], seconds["subject"]))
    return Result(name, baseline, work, pairs[0], tuple(pairs[1:]), peak[0])


def measure_against(name: str, baseline: str, seconds: float, subject: Job, runs: int) -> Result:
    """Run the subject once to warm up, then `runs` times, against `seconds` that something else took."""
    with _peak() as peak:
        pairs, work = [], Work(0, 0)
        for _ in range(runs + 1):
            started = time.monotonic()
            work = subject()
            pairs.append(Pair(seconds, time.monotonic() - started))
    return Result(name, baseline, work, pairs[0], tuple(pairs[1:]), peak[0])


def table(results: list[Result]) -> str:
    """The results as a Markdown table, and under it the machine and the day."""
    head = (
        "| measured | against | ratio | seconds | against, seconds | first ratio | rows | rows/s | MB | peak MB |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    lines = [
        f"| {one.name} | {one.baseline} | {one.ratio:.2f} | {one.seconds:.2f} | {one.baseline_seconds:.2f} "
        f"| {one.first.ratio:.2f} | {one.work.rows} | {one.work.rows / one.seconds:.0f} "
        f"| {one.work.bytes / 1e6:.1f} | {one.peak_bytes / MEBIBYTE:.0f} |"
        for one in results
    ]
    runs = len(results[0].pairs)
    return "\n".join([head, *lines, "", f"{_machine()}; median of {runs} pair(s) after one to warm up."])


@contextmanager
def session(work: Path, driver_memory: str = "3g") -> Iterator[SparkSession]:
    """The product's own session, its temporary files under `work`."""
    # Workers must not run where the caller's folder decides what they import.
    options = SparkOptions(master="local[*]", driver_memory=driver_memory)
    spark = build_session(options, jars=JARS, tmp=work / "spark", logs=work / "logs", name="benchmarks")
    try:
        yield spark
    finally:
        spark.stop()


def size_of(folder: Path) -> int:
    """Bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{date.today().isoformat()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"


@contextmanager
def _peak() -> Iterator[list[int]]:
    """A one-item list that holds, when the block ends, the greatest memory seen in it."""
    seen, stop = [0], threading.Event()

    def watch() -> None:
        while True:
            started = time.monotonic()
            seen[0] = max(seen[0], _tree_bytes())
            # The kernel walks every page of a process to tell its share, and holds up what asks for pages meanwhile.
            if stop.wait(max(_SAMPLE_SECONDS, (time.monotonic() - started) * _SAMPLE_SHARE)):
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _tree_bytes() -> int:
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            # Shared pages once: forked workers would otherwise count their parent's again.
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total

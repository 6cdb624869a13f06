"""Locks: one file for each table, so that a batch has its table for itself on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingestion.errors import Busy

INTAKE = "_intake"
"""The lock of taking drops in: whoever holds it may empty the intake folder."""


@contextmanager
def locked(folder: Path, tables: Iterable[str], timeout: float = 10.0) -> Iterator[None]:
    """Hold the locks of `tables`, taken in one order everywhere so that no two processes wait for one another.

    `timeout` is in seconds. Raises `Busy` naming the table. The system frees the locks of a killed process.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        for table in sorted(set(tables)):
            try:
                stack.enter_context(FileLock(folder / f"{table}.lock", timeout=timeout, mode=0o600))
            except Timeout:
                what = "Another ingestion" if table == INTAKE else f"Table {table}: another ingestion"
                raise Busy(f"{what} is at work: wait until it has ended, then ingest again.") from None
        yield

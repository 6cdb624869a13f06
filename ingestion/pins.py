"""Pins: which versions of the lake a running reader, such as an extract being built, still needs.

A pin is a file under `run/pins`, valid while the process that made it holds the lock beside it: the system frees
the lock of a killed process, and so its pin falls.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pyspark.sql import DataFrame

from ingestion.errors import NotPublished
from ingestion.lake import Lake
from ingestion.ledger import Ledger


class Pins:
    """The pins under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, ledger: Ledger) -> Iterator[Mapping[str, int]]:
        """Pin every table's published version; gives table -> version.

        Whoever deletes files reads the pointers first and the pins after. So a pin counts once the pointers,
        read again after it was written, are still those that it names.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = uuid.uuid4().hex
        path, lock = self._folder / f"{name}.json", self._folder / f"{name}.lock"
        with FileLock(lock, mode=0o600):
            try:
                versions = _pointers(ledger)
                while True:
                    _write(path, versions)
                    again = _pointers(ledger)
                    if again == versions:
                        break
                    versions = again
                yield versions
            finally:
                path.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)

    def held(self) -> dict[str, set[int]]:
        """Table -> pinned versions; what dead processes left is removed."""
        found: dict[str, set[int]] = {}
        for path in self._folder.glob("*.json"):
            lock = path.with_suffix(".lock")
            try:
                with FileLock(lock, timeout=0, mode=0o600):
                    path.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
            except Timeout:
                try:
                    versions: dict[str, int] = json.loads(path.read_text("ascii"))
                except FileNotFoundError:
                    continue
                for table, version in versions.items():
                    found.setdefault(table, set()).add(version)
        return found


class PinnedLake:
    """The lake at pinned versions: what a reader sees does not move while it reads, nor goes away."""

    def __init__(self, lake: Lake, versions: Mapping[str, int]) -> None:
        self._lake, self._versions = lake, versions

    def read(self, table: str) -> DataFrame:
        """The table at its pinned version. Raises `NotPublished`."""
        if table not in self._versions:
            raise NotPublished(f"Table {table} has no published version: ingest a drop that holds it.")
        return self._lake.table(table).read(self._versions[table])

    def tables(self) -> list[str]:
        """The tables that were published when the pins were set."""
        return sorted(self._versions)


@contextmanager
def pinned(lake: Lake, ledger: Ledger, folder: Path) -> Iterator[PinnedLake]:
    """The lake as it is now, for as long as the block runs."""
    with Pins(folder).hold(ledger) as versions:
        yield PinnedLake(lake, versions)


def _pointers(ledger: Ledger) -> dict[str, int]:
    return {pointer.table: pointer.version for pointer in ledger.pointers()}


def _write(path: Path, versions: Mapping[str, int]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(dict(versions)), encoding="ascii")
    draft.rename(path)

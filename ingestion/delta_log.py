"""Delta's log, read as the protocol writes it: versions, who wrote them, which files they brought.

Source: Delta transaction log protocol, "Delta Log Entries" and "Actions"
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ingestion.errors import EngineError
from ingestion.folder import Place, folder_of

LOG = "_delta_log"


@dataclass(frozen=True)
class Commit:
    """One version: the operation, the `userMetadata` given with it, rows written, files added, and its metrics."""

    version: int
    operation: str
    user_metadata: str | None
    rows_written: int | None
    files: frozenset[str]
    metrics: Mapping[str, int] = field(default_factory=dict)

    def metric(self, name: str) -> int:
        """A count that the operation kept of itself; 0 when it kept none."""
        return self.metrics.get(name, 0)


def latest(table: Place) -> int | None:
    """The newest version of the table in this folder, or None when there is no table."""
    return max(_versions(table), default=None)


def forget_begun(table: Place) -> None:
    """Remove the log of a table that was never made: a process died after it made the folder, before version 0.

    Delta takes a folder with a log for a table, and would neither make it nor find it. A log that holds anything
    but unfinished files is left as it is.
    """
    log = folder_of(table / LOG)
    if all(name.rpartition("/")[2].startswith(".") for name in log.sizes()):
        log.remove()


def actions(table: Place, version: int) -> list[dict[str, Any]]:
    """A version's log entry, one action after another. Raises `EngineError` when it is gone."""
    try:
        text = folder_of(table / LOG).read(f"{version:020d}.json")
    except OSError:
        raise EngineError(f"{table.name}: the log of version {version} is missing; restore the lake's copy.") from None
    return [json.loads(line) for line in text.splitlines()]


def commit(table: Place, version: int) -> Commit:
    """What one version did. Raises `EngineError` when its log entry is gone."""
    info: dict[str, object] = {}
    files = set()
    for action in actions(table, version):
        info = action.get("commitInfo", info)
        for kind in ("add", "cdc"):
            if kind in action:
                files.add(unquote(action[kind]["path"]))
    kept = info.get("operationMetrics")
    metrics = {}
    if isinstance(kept, dict):
        metrics = {name: int(value) for name, value in kept.items() if str(value).isdigit()}
    metadata = info.get("userMetadata")
    return Commit(
        version,
        str(info.get("operation", "")),
        str(metadata) if metadata is not None else None,
        metrics.get("numOutputRows"),
        frozenset(files),
        metrics,
    )


def data_files(table: Place) -> dict[str, int]:
    """The data files of the folder with their bytes, whichever version they are of; checksums are not counted."""
    return {
        name: size
        for name, size in folder_of(table).sizes().items()
        if not name.startswith(f"{LOG}/") and not name.rpartition("/")[2].startswith(".")
    }


def purge(table: Place, keep_until: int) -> int:
    """Delete every data file that no version up to `keep_until` brought; returns how many.

    That is what a version beyond the pointer wrote, and what a killed write left without a version. Call it under
    the table's lock, when the newest version holds what `keep_until` holds.
    """
    keep = {name for version in _versions(table) if version <= keep_until for name in commit(table, version).files}
    doomed = data_files(table).keys() - keep
    folder_of(table).delete(doomed)
    log = folder_of(table / LOG)
    log.delete([name for name in log.names() if name.startswith(".") and name.endswith(".tmp")])
    return len(doomed)


def _versions(table: Place) -> list[int]:
    stems = [name.removesuffix(".json") for name in folder_of(table / LOG).names() if name.endswith(".json")]
    return [int(stem) for stem in stems if stem.isdigit()]

"""Delta's log, read as the protocol writes it: versions, who wrote them, which files they brought.

Source: Delta transaction log protocol, "Delta Log Entries" and "Actions"
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from ingestion.errors import EngineError


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


def latest(table: Path) -> int | None:
    """The newest version of the table in this folder, or None when there is no table."""
    versions = [int(path.stem) for path in (table / "_delta_log").glob("*.json") if path.stem.isdigit()]
    return max(versions) if versions else None


def commit(table: Path, version: int) -> Commit:
    """What one version did. Raises `EngineError` when its log entry is gone."""
    try:
        lines = (table / "_delta_log" / f"{version:020d}.json").read_text("utf-8").splitlines()
    except OSError:
        raise EngineError(f"{table.name}: the log of version {version} is missing; restore the lake's copy.") from None
    info: dict[str, object] = {}
    files = set()
    for line in lines:
        action = json.loads(line)
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


def purge(table: Path, keep_until: int) -> int:
    """Delete every data file that no version up to `keep_until` brought; returns how many.

    That is what a version beyond the pointer wrote, and what a killed write left without a version. Call it under
    the table's lock, when the newest version holds what `keep_until` holds.
    """
    versions = [int(path.stem) for path in (table / "_delta_log").glob("*.json") if path.stem.isdigit()]
    keep = {name for version in versions if version <= keep_until for name in commit(table, version).files}
    deleted = 0
    for path in table.rglob("*"):
        inside = path.relative_to(table)
        if path.is_dir() or inside.parts[0] == "_delta_log" or inside.name.startswith("."):
            continue
        if inside.as_posix() not in keep:
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
            deleted += 1
    for path in (table / "_delta_log").glob(".*.tmp"):
        path.unlink(missing_ok=True)
    return deleted

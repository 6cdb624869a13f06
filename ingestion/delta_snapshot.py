"""Which data files a version of a Delta table is made of, and the deletion of those that no kept version needs.

Source: Delta transaction log protocol, "Action Reconciliation"
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import unquote

from ingestion import delta_log
from ingestion.errors import EngineError

Snapshot = Mapping[str, int | None]
"""File (relative to the table's folder) -> its rows, where the log says how many."""


def snapshots(table: Path, versions: Collection[int]) -> dict[int, Snapshot]:
    """The files of each of `versions`, by the log's own entries from the first on.

    Raises `EngineError` when an entry is gone. Lake tables keep theirs for ten years (`LakeTable.create`).
    """
    found: dict[int, Snapshot] = {}
    live: dict[str, int | None] = {}
    for version in range(max(versions, default=-1) + 1):
        _apply(live, table, version)
        if version in versions:
            found[version] = dict(live)
    return found


def rows_of(snapshot: Snapshot) -> int | None:
    """How many rows a snapshot holds; None when the log does not say."""
    total = 0
    for rows in snapshot.values():
        if rows is None:
            return None
        total += rows
    return total


def is_whole(table: Path, snapshot: Snapshot) -> bool:
    """Whether every file of the snapshot is still there."""
    return all((table / name).is_file() for name in snapshot)


def size_of(table: Path, snapshot: Snapshot) -> int:
    """Bytes of the snapshot's files."""
    return sum((table / name).stat().st_size for name in snapshot if (table / name).is_file())


def superfluous(table: Path, versions: Collection[int]) -> list[Path]:
    """The data files, changed data included, that none of `versions` is made of or brought."""
    keep = {name for snapshot in snapshots(table, versions).values() for name in snapshot}
    keep |= {name for version in versions for name in delta_log.commit(table, version).files}
    return others(table, keep)


def others(table: Path, keep: Collection[str]) -> list[Path]:
    """The data files of the folder but `keep`, the checksums beside them not counted."""
    found = []
    for path in sorted(table.rglob("*")):
        inside = path.relative_to(table)
        if path.is_dir() or inside.parts[0] == "_delta_log" or inside.name.startswith("."):
            continue
        if inside.as_posix() not in keep:
            found.append(path)
    return found


def delete_files(files: Collection[Path]) -> int:
    """Delete data files and the checksums beside them; returns the bytes that this freed."""
    freed = 0
    for path in files:
        try:
            freed += path.stat().st_size
        except FileNotFoundError:
            continue
        path.unlink(missing_ok=True)
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
    return freed


def _apply(live: dict[str, int | None], table: Path, version: int) -> None:
    try:
        lines = (table / "_delta_log" / f"{version:020d}.json").read_text("utf-8").splitlines()
    except OSError:
        raise EngineError(f"{table.name}: the log of version {version} is missing; restore the lake's copy.") from None
    added: dict[str, int | None] = {}
    for line in lines:
        action = json.loads(line)
        if "remove" in action:
            live.pop(unquote(action["remove"]["path"]), None)
        elif "add" in action:
            statistics = json.loads(action["add"].get("stats") or "{}")
            rows = statistics.get("numRecords")
            added[unquote(action["add"]["path"])] = None if rows is None else int(rows)
    live.update(added)

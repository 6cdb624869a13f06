"""Which data files a version of a Delta table is made of, and the deletion of those that no kept version needs.

Source: Delta transaction log protocol, "Action Reconciliation"
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from urllib.parse import unquote

from ingestion import delta_log
from ingestion.folder import Place, folder_of

Snapshot = Mapping[str, int | None]
"""File (relative to the table's folder) -> its rows, where the log says how many."""


def snapshots(table: Place, versions: Collection[int]) -> dict[int, Snapshot]:
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


def is_whole(table: Place, snapshot: Snapshot) -> bool:
    """Whether every file of the snapshot is still there."""
    return len(folder_of(table).held(snapshot.keys())) == len(snapshot)


def size_of(table: Place, snapshot: Snapshot) -> int:
    """Bytes of the snapshot's files."""
    return sum(folder_of(table).held(snapshot.keys()).values())


def superfluous(table: Place, versions: Collection[int]) -> dict[str, int]:
    """The data files, changed data included, that none of `versions` is made of or brought, and their bytes."""
    keep = {name for snapshot in snapshots(table, versions).values() for name in snapshot}
    keep |= {name for version in versions for name in delta_log.commit(table, version).files}
    return others(table, keep)


def others(table: Place, keep: Collection[str]) -> dict[str, int]:
    """The data files of the folder but `keep`, and their bytes."""
    return {name: size for name, size in sorted(delta_log.data_files(table).items()) if name not in keep}


def delete_files(table: Place, files: Mapping[str, int]) -> int:
    """Delete data files and the checksums beside them; returns the bytes that this freed."""
    folder_of(table).delete(files.keys())
    return sum(files.values())


def _apply(live: dict[str, int | None], table: Place, version: int) -> None:
    added: dict[str, int | None] = {}
    for action in delta_log.actions(table, version):
        if "remove" in action:
            live.pop(unquote(action["remove"]["path"]), None)
        elif "add" in action:
            statistics = json.loads(action["add"].get("stats") or "{}")
            rows = statistics.get("numRecords")
            added[unquote(action["add"]["path"])] = None if rows is None else int(rows)
    live.update(added)

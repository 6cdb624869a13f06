"""Whether a drop is whole: what its sender says of it in `manifest.json`, a `_SUCCESS` mark, or rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.bulk_manifest import is_bulk_manifest
from ingestion.errors import DropError, NotWhole

MANIFEST, MARK = "manifest.json", "_SUCCESS"
_ARRIVING = (".part", ".filepart", ".tmp", ".crdownload", ".partial")
_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")
_MAX_MANIFEST = 16 << 20


@dataclass(frozen=True)
class Declared:
    """What a manifest says of one file: `size` in bytes, `sha256`, and `rows` as a control total."""

    size: int
    sha256: str
    rows: int | None


def read_manifest(folder: Path) -> Mapping[str, Declared] | None:
    """File name -> what the sender says of it, when the drop has a manifest.

    `{"files": {NAME: {"bytes": .., "sha256": .., "rows": ..}}}`, or a list of such objects with `name`; `size` may
    stand for `bytes`, and `rows` may be left out. Raises `DropError`.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_MANIFEST:
            raise ValueError
        content = json.loads(path.read_bytes(), object_pairs_hook=_once)
        if is_bulk_manifest(content):
            return None
        files = content["files"]
        if isinstance(files, list):
            files = _once([(entry["name"], entry) for entry in files])
        return {_name(name): _declared(entry) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DropError(
            f"The drop's {MANIFEST} cannot be read: it needs bytes and sha256 of each file, each named once "
            "(and rows, where the sender counts them)."
        ) from None


def sealed_by(folder: Path) -> str | None:
    """The id of the key that a drop says it was sealed with; None for one that is not sealed."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        key_id = content["sealed"]["key"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return key_id if isinstance(key_id, str) and re.fullmatch(r"[0-9a-f]{8}", key_id) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _name(name: object) -> str:
    if not isinstance(name, str) or not name or "/" in name or "\\" in name or "\0" in name:
        raise ValueError
    return name


def _declared(entry: Mapping[str, Any]) -> Declared:
    size, digest, rows = entry["bytes"] if "bytes" in entry else entry["size"], entry["sha256"], entry.get("rows")
    for number in (size, rows):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise ValueError
    if size is None or not isinstance(digest, str) or not _SHA256.match(digest):
        raise ValueError
    return Declared(size, digest.lower(), rows)


def require_whole(
    folder: Path, names: Iterable[str], manifest: Mapping[str, Declared] | None, settle: float, now: float
) -> None:
    """Raise `NotWhole` for a drop that is still arriving.

    With a manifest every file of it is there, of its size; else a `_SUCCESS` mark says so; else nothing in the drop
    changed for `settle` seconds before `now` (seconds since 1970), and 0 asks for no rest.
    """
    there = set(names)
    if any(name.lower().endswith(_ARRIVING) for name in there):
        raise NotWhole(
            "The drop is still arriving: a file in it bears the ending of a copy under way; ingest it later."
        )
    if manifest is not None:
        missing = len(set(manifest) - there)
        if missing:
            raise NotWhole(f"The drop misses {missing} file(s) of its {MANIFEST}: wait for them, or deliver it again.")
        return
    if (folder / MARK).is_file() or settle <= 0:
        return
    newest = max((folder / name).stat().st_mtime for name in there)
    if newest > now:
        raise NotWhole("A file of the drop bears a time that has not come yet: set the clock, or touch the file; or "
                       f"add {MARK}, which says that the drop is whole.")  # fmt: skip
    if now - newest < settle:
        raise NotWhole(f"The drop may still be arriving: it changed {now - newest:.0f} s ago and {settle:.0f} s of "
                       f"rest are asked; ingest it later or with --now, or add {MARK} or {MANIFEST}.")  # fmt: skip

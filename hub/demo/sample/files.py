"""Whole drops: files are written beside their place and appear there together."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType

_BUFFER = 1 << 18
_LATE = 64


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What one file holds: data rows (no header; faulty, malformed and repeated lines counted), bytes, SHA-256."""

    rows: int
    bytes: int
    sha256: str


class LineFile:
    """A UTF-8 text file written line by line through one buffer, hashed as it goes."""

    def __init__(self, path: Path, header: str | None = None) -> None:
        self.path = path
        self.rows = 0
        self._bytes = 0
        self._hash = sha256()
        self._lines: list[str] = []
        self._late: list[str] = []
        self._held = 0
        self._file = path.open("xb")
        path.chmod(0o600)
        if header is not None:
            self._lines.append(header + "\n")

    def write(self, line: str) -> None:
        """Add one data row; `line` has no line end."""
        self._lines.append(line + "\n")
        self.rows += 1
        self._held += len(line)
        if self._held > _BUFFER:
            self._flush()

    def write_again_later(self, line: str) -> None:
        """Add a row that repeats an earlier one, some way below it."""
        self._late.append(line)
        if len(self._late) >= _LATE:
            self._write_late()

    def close(self) -> FileEntry:
        """Write what is held, to the disk, and say what the file holds."""
        self._write_late()
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return FileEntry(self.rows, self._bytes, self._hash.hexdigest())

    def abandon(self) -> None:
        """Close without a word: the drop is thrown away."""
        self._file.close()

    def _write_late(self) -> None:
        late, self._late = self._late, []
        for line in late:
            self.write(line)

    def _flush(self) -> None:
        data = "".join(self._lines).encode("utf-8")
        self._lines.clear()
        self._held = 0
        self._bytes += len(data)
        self._hash.update(data)
        self._file.write(data)


class Drop:
    """The drop `<out>/<source>/<name>/`: written under a temporary name, renamed when it is whole.

    `manifest.json` in it gives the bytes and SHA-256 of each file. A drop of that name that was there before is
    replaced. Leaving the `with` block by an exception leaves nothing behind.
    """

    def __init__(self, out: Path, source: str, name: str) -> None:
        self.source = source
        self.name = name
        self.folder = out / source / name
        self.entries: dict[str, FileEntry] = {}
        self._partial = out / source / f".{name}.partial"
        self._files: dict[str, LineFile] = {}

    def __enter__(self) -> Drop:
        if self._partial.exists():
            shutil.rmtree(self._partial)
        self._partial.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._partial.parent.mkdir(mode=0o700, exist_ok=True)
        self._partial.mkdir(mode=0o700)
        return self

    def file(self, name: str, columns: Iterable[str] | None = None) -> LineFile:
        """Open the file `name` of the drop; with `columns`, a CSV with that header."""
        opened = LineFile(self._partial / name, None if columns is None else ",".join(columns))
        self._files[name] = opened
        return opened

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is not None:
            for opened in self._files.values():
                opened.abandon()
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        self.entries = {name: opened.close() for name, opened in self._files.items()}
        listing = {
            "source": self.source,
            "drop": self.name,
            "files": {name: {"bytes": e.bytes, "sha256": e.sha256} for name, e in sorted(self.entries.items())},
        }
        manifest = self._partial / "manifest.json"
        manifest.write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")
        manifest.chmod(0o600)
        if self.folder.exists():
            old = self.folder.with_name(f".{self.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            self.folder.rename(old)
            self._partial.rename(self.folder)
            shutil.rmtree(old)
        else:
            self._partial.rename(self.folder)

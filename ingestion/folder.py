"""What the lake asks of the folders that it lives in, wherever they are: the seam between it and their file systems.

A table's rows are read and written by the engine. What is left are a handful of acts on whole files, of Delta's log
and of data that no kept version needs: in a folder of this machine by `pathlib`, elsewhere as `ingestion.far` does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from ingestion.far import Far

Place = Path | Far
"""Where the lake or one of its tables is: a path, or a URL for the engine's own client."""


class Folder(Protocol):
    """A folder and all that is below it. Files are named relative to it, with `/` between the parts."""

    def names(self) -> list[str]:
        """The files that lie in the folder itself; none where there is no folder."""

    def folders(self) -> list[str]:
        """The folders that lie in it."""

    def read(self, name: str) -> str:
        """A file's text. Raises `FileNotFoundError`."""

    def sizes(self) -> dict[str, int]:
        """Every file below it, with its bytes."""

    def held(self, names: Collection[str]) -> dict[str, int]:
        """Those of `names` that are there, with their bytes."""

    def delete(self, names: Collection[str]) -> None:
        """Delete files, and the checksums that the engine writes beside them; one that is gone already is no fault."""

    def remove(self) -> None:
        """Remove it and all that is below it; one that is gone already is no fault."""

    def copy(self, into: Path) -> Path:
        """A folder of this machine with the same files: itself where it is one, else a copy in `into`."""


def folder_of(place: Place) -> Folder:
    """The folder at a place."""
    return place if isinstance(place, Far) else LocalFolder(place)


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine's file system, or of one that it mounts."""

    path: Path

    def names(self) -> list[str]:
        """See `Folder.names`."""
        return self._items(folders=False)

    def folders(self) -> list[str]:
        """See `Folder.folders`."""
        return self._items(folders=True)

    def read(self, name: str) -> str:
        """See `Folder.read`."""
        return (self.path / name).read_text("utf-8")

    def sizes(self) -> dict[str, int]:
        """See `Folder.sizes`."""
        return self.held([path.relative_to(self.path).as_posix() for path in self.path.rglob("*")])

    def held(self, names: Collection[str]) -> dict[str, int]:
        """See `Folder.held`."""
        found = {}
        for name in names:
            try:
                state = (self.path / name).stat()
            except FileNotFoundError:
                continue
            if S_ISREG(state.st_mode):
                found[name] = state.st_size
        return found

    def delete(self, names: Collection[str]) -> None:
        """See `Folder.delete`."""
        for name in names:
            path = self.path / name
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)

    def remove(self) -> None:
        """See `Folder.remove`."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path)

    def copy(self, into: Path) -> Path:  # noqa: ARG002 - nothing is copied
        """See `Folder.copy`."""
        return self.path

    def _items(self, *, folders: bool) -> list[str]:
        try:
            with os.scandir(self.path) as items:
                return [item.name for item in items if item.is_dir() == folders]
        except FileNotFoundError:
            return []

"""The drops that an erasure looks through: those in landing, and opened copies of those that were put away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.care import drops
from hub.compose import Hub
from ingestion.archive import unseal
from ingestion.drop import Drop, take_in
from ingestion.erasing.files import rewritable
from ingestion.errors import IngestionError


@dataclass
class Landed:
    """A drop that lies in landing, or the opened copy of one that was sealed in `archive`, as it was taken in."""

    source: str
    folder: Path
    drop: Drop
    archive: Path | None = None

    @property
    def place(self) -> str:
        """Where the drop is kept."""
        return "archive" if self.archive else "landing"


@contextmanager
def taken(hub: Hub) -> Iterator[tuple[list[Landed], int]]:
    """Every drop that lies in landing or was put away, taken in, and the number of those that could not be."""
    landed: list[Landed] = []
    unread = 0
    sources = {contract.source for contract in hub.contracts.values()}
    try:
        here = [(folder.parent.name, folder, None) for folder in drops(hub.home.landing, None)]
        for source, folder, archive in [*here, *_opened(hub)]:
            try:
                if source not in sources:
                    raise IngestionError("No contract names this source.")
                drop = take_in(source, folder, hub.contracts.source(source), hub.home.intake)
            except IngestionError:
                unread += 1
                continue
            if not all(rewritable(table.contract, folder) for table in drop.tables):
                # What cannot be rewritten is told, never passed over.
                drop.discard()
                unread += 1
                continue
            landed.append(Landed(source, folder, drop, archive))
        yield landed, unread
    finally:
        for one in landed:
            one.drop.discard()
        shutil.rmtree(aside(hub), ignore_errors=True)


def aside(hub: Hub) -> Path:
    """Where archives are opened: sealed, and emptied when this process ends, however it ends."""
    return hub.scratch / "archives"


def _opened(hub: Hub) -> Iterator[tuple[str, Path, Path]]:
    """(source, opened copy, archive) of every drop that was put away."""
    shutil.rmtree(aside(hub), ignore_errors=True)
    for archive in sorted(hub.home.archive.glob("*.sealed")):
        source = archive.name.split("-", 1)[0]
        folder = aside(hub) / source / archive.stem
        unseal(archive, hub.keystore.derive("archive"), folder)
        yield source, folder, archive

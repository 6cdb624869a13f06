"""Takes every waiting drop of a source through, with the parts that the roof has built."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hub.compose import Hub, require_java
from hub.errors import HubError
from ingestion.gate import warm_up
from ingestion.ingest import Folders, Report, ingest_drop

if TYPE_CHECKING:
    from hub.cli.progress import Tick


def drops_of(landing: Path, source: str, drop: str | None) -> list[Path]:
    """The folders to take in, oldest name first. Raises `HubError` when the named one is absent or cannot be read."""
    folder = landing / source
    try:
        if drop is not None:
            if "/" in drop or drop in {"", ".", ".."}:
                raise HubError("A drop is named by its folder's name alone, such as 2023-2024.")
            if not (folder / drop).is_dir():
                there = ", ".join(sorted(p.name for p in folder.iterdir() if p.is_dir())) if folder.is_dir() else ""
                raise HubError(f"There is no drop {drop} in landing/{source}; there: {there or 'none'}.")
            return [folder / drop]
        if not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except PermissionError:
        raise HubError(f"landing/{source} cannot be read by this account: change its owner or its mode.") from None


def ingest_source(hub: Hub, source: str, drop: str | None, tick: Tick) -> list[Report]:
    """Ingest the drops of `source`. Raises the errors of ingestion; drops before a failure stay published."""
    contracts = hub.contracts
    contracts.source(source)
    keystore = hub.keystore
    drops = drops_of(hub.home.landing, source, drop)
    if not drops:
        return []
    require_java()
    home = hub.home
    tick("Starting Spark", 0, None)
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    folders = Folders(
        intake=home.intake,
        quarantine=home.quarantine,
        identities=home.identities,
        sealed_tmp=hub.scratch,
        locks=home.run / "locks",
    )
    reports = []
    for number, path in enumerate(drops, start=1):
        done = 0

        def step(table: str, what: str, number: int = number) -> None:
            nonlocal done
            done += 1
            # Whoever named the folder may have named a person: progress goes into logs and the records.
            tick(f"{source}, drop {number} of {len(drops)}: {table} {what}", done, None)

        reports.append(
            ingest_drop(
                source,
                path,
                spark=hub.spark,
                lake=hub.lake,
                ledger=hub.ledger,
                keystore=keystore,
                contracts=contracts,
                folders=folders,
                progress=step,
            )
        )
    return reports

"""Takes every waiting drop of a source through, with the parts that the roof has built."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.compose import Hub, require_java
from hub.errors import HubError
from hub.links import tell_conflicts
from ingestion.database import Fetched, fetch
from ingestion.errors import NotWhole
from ingestion.gate import warm_up
from ingestion.ingest import Folders, ingest_drop
from ingestion.locks import locked
from ingestion.manifest import sealed_by
from ingestion.reports import Report
from ingestion.watermarks import Watermarks

if TYPE_CHECKING:
    from hub.progress import Tick


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
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except PermissionError:
        raise HubError(f"landing/{source} cannot be read by this account: change its owner or its mode.") from None


def folders_of(hub: Hub) -> Folders:
    """Where ingestion keeps what is not the lake."""
    home = hub.home
    return Folders(
        intake=home.intake,
        quarantine=home.quarantine,
        identities=home.identities,
        sealed_tmp=hub.scratch,
        locks=home.run / "locks",
        seen=home.seen,
    )


def ingest_source(
    hub: Hub,
    source: str,
    drop: str | None,
    tick: Tick,
    *,
    replay: bool = False,
    settled: bool = False,
    waiting: list[str] | None = None,
) -> list[Report]:
    """Ingest the drops of `source`. Raises the errors of ingestion; drops before a failure stay published.

    A replay takes the newest drop first, and comes back to those whose turn it was not. With `settled` no rest is
    asked of a drop. One that is still arriving is left for later and added to `waiting` (its name and why), unless it
    alone was asked for: then `NotWhole` is raised.
    """
    contracts = hub.contracts
    contracts.source(source)
    keystore = hub.keystore
    drops = drops_of(hub.home.landing, source, drop)
    if replay:
        drops.reverse()
    if not drops:
        return []
    if source in hub.settings.drops.sealed_only and not all(map(sealed_by, drops)):
        raise HubError(
            f"A drop of {source} is not sealed, and hub.yaml takes only sealed ones of it: have its holder run `hub "
            "seal`, and destroy what was sent. Nothing was read."
        )
    texts = [one.columns[name] for one in contracts.source(source) for name in one.text_columns]
    for language in sorted({column.language for column in texts}):
        # Asked here, in words: in a worker it would refuse note after note.
        hub.settings.text.own.load(language)
    require_java()
    tick("Starting Spark", 0, None)
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    folders = folders_of(hub)

    def one(path: Path) -> Report:
        number, done = drops.index(path) + 1, 0

        def step(table: str, what: str) -> None:
            nonlocal done
            done += 1
            # Whoever named the folder may have named a person: progress goes into logs and the records.
            tick(f"{source}, drop {number} of {len(drops)}: {table} {what}", done, None)

        return ingest_drop(
            source,
            path,
            spark=hub.spark,
            lake=hub.lake,
            ledger=hub.ledger,
            keystore=keystore,
            contracts=contracts,
            folders=folders,
            progress=step,
            replay=replay,
            settle=0.0 if settled else hub.settings.drops.settle_seconds,
            own=hub.settings.text.own,
        )

    reports: dict[Path, Report] = {}
    try:
        for path in drops:
            try:
                reports[path] = one(path)
            except NotWhole as error:
                if drop is not None or waiting is None:
                    raise
                waiting.append(f"{path.name}: {error}")
        changed = list(reports.values())
        while replay and any(report.changed for report in changed):
            again = [path for path, report in reports.items() if any(table.state == "kept" for table in report.tables)]
            changed = [one(path) for path in again]
            reports |= {path: new for path, new in zip(again, changed, strict=True) if new.changed}
    finally:
        # What was published before a failure is not learnt again: it is told now or never.
        _tell(hub, list(reports.values()))
    return list(reports.values())


def _tell(hub: Hub, reports: list[Report]) -> None:
    """What two persons claim waits for a steward, who is told once."""
    found = [
        (one.source, f"drop {one.drop_id[:12]}", one.learnt.conflicts) for one in reports if one.learnt.conflicts
    ]  # fmt: skip
    if found:
        tell_conflicts(hub, found)


def fetch_source(hub: Hub, source: str) -> tuple[Path | None, list[Fetched]]:
    """Make a drop of what is new in the databases of `source`. Raises the errors of `ingestion.database.fetch`."""
    urls = {name: url.get_secret_value() for name, url in hub.settings.sources.items()}
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with locked(hub.home.run / "locks", [f"fetch-{source}"], 10.0):
        return fetch(
            source, hub.contracts.source(source), urls, hub.home.landing, Watermarks(hub.home.watermarks), name
        )  # fmt: skip

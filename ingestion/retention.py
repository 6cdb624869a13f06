"""Retention of landing: a drop goes a set number of days after all its batches were published, with a certificate."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ingestion.archive import seal
from ingestion.certificate import write_certificate
from ingestion.contract import Contract
from ingestion.drop import Drop, take_in
from ingestion.errors import IngestionError
from ingestion.ledger import Batch, Ledger
from pseudonymization.keystore import KeyStore

DOOMED = ".purged"
"""Below `landing/`: drops whose certificate is written and whose files are going."""

Fault = Callable[[str], None]
"""Called as each step ends: `described`, `archived`, `certified`, `moved`, `deleted`, `recorded`."""


@dataclass(frozen=True)
class Policy:
    """How long a source's drops stay after publication, and what becomes of them then."""

    days: int = 30
    how: Literal["destroy", "archive"] = "destroy"


@dataclass(frozen=True)
class Finding:
    """Where a drop stands. `state`: `due`, `waiting`, `unpublished`, `unreadable` or `purged`; `why` says more.

    `due` is the day (ISO 8601) after which it may go; `quarantined` counts rows of it that quarantine still holds.
    `overdue`: not published, though it has lain there for longer than its days.
    """

    source: str
    name: str
    state: str
    why: str
    due: str | None = None
    drop_id: str | None = None
    batches: tuple[Batch, ...] = ()
    files: int = 0
    bytes: int = 0
    quarantined: int = 0
    overdue: bool = False


def examine(
    source: str, folder: Path, contracts: Sequence[Contract], *, ledger: Ledger, intake: Path, policy: Policy,
    now: datetime,
) -> Finding:  # fmt: skip
    """Where one drop stands, by what its files hold now. The intake lock is held."""
    files = _files(folder)
    size = sum(path.stat().st_size for path in files)
    old = _age(files or [folder], now) >= timedelta(days=policy.days)
    try:
        drop = take_in(source, folder, contracts, intake)
    except IngestionError as error:
        return Finding(source, folder.name, "unreadable", str(error), files=len(files), bytes=size, overdue=old)
    try:
        batches = _published(drop, ledger)
    finally:
        drop.discard()
    missing = len(drop.tables) - len(batches)
    found = Finding(
        source, folder.name, "waiting", "", None, drop.drop_id, batches, len(files), size,
        sum(one.counts.quarantined for one in batches if one.counts),
    )  # fmt: skip
    if missing:
        why = f"{missing} of {len(drop.tables)} tables are not published; ingest it, or take it away"
        return replace(found, state="unpublished", why=why, overdue=old)
    last = max(datetime.fromisoformat(one.finished_at or one.taken_at) for one in batches)
    due = last + timedelta(days=policy.days)
    found = replace(found, due=due.date().isoformat())
    if now.astimezone(UTC) < due:
        return replace(found, why=f"published, and kept for {policy.days} days")
    return replace(found, state="due", why="to be archived" if policy.how == "archive" else "to be destroyed")


def purge(
    finding: Finding, folder: Path, *, ledger: Ledger, keystore: KeyStore, policy: Policy, landing: Path, archive: Path,
    certificates: Path, now: datetime, fault: Fault = lambda _step: None,
) -> Finding:  # fmt: skip
    """Destroy or archive a due drop. Killed anywhere, `finish` and the next purge end what was begun."""
    assert finding.drop_id is not None  # noqa: S101 - a due drop was read
    content = _described(finding, folder, policy, now)
    fault("described")
    if policy.how == "archive":
        place = archive / f"{finding.source}-{finding.drop_id}.sealed"
        digest, size = seal(folder, place, keystore.derive("archive"))
        content |= {"archive": {"name": place.name, "sha256": digest, "bytes": size}}
        fault("archived")
    certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_certificate(certificates / _name(finding.drop_id, waiting=True), content, keystore.derive("certificate"))
    fault("certified")
    doomed = landing / DOOMED / f"{finding.source}+{finding.drop_id}"
    doomed.parent.mkdir(mode=0o700, exist_ok=True)
    # A copy of a drop that was purged before may bear the same name.
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    fault("moved")
    finish(ledger=ledger, landing=landing, certificates=certificates, fault=fault)
    return replace(finding, state="purged", why="archived" if policy.how == "archive" else "destroyed")


def finish(*, ledger: Ledger, landing: Path, certificates: Path, fault: Fault = lambda _step: None) -> int:
    """Delete what purges have begun to delete, record it, and let the certificates speak; returns how many drops."""
    done = 0
    for doomed in sorted((landing / DOOMED).glob("*+*")):
        source, drop_id = doomed.name.split("+", 1)
        for item in doomed.iterdir():
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
        fault("deleted")
        waiting = certificates / _name(drop_id, waiting=True)
        if waiting.exists():
            ledger.record(drop_id, f"landing/{source}"[:63], "purged")
            fault("recorded")
            waiting.rename(certificates / _name(drop_id, waiting=False))
        doomed.rmdir()
        done += 1
    return done


def _name(drop_id: str, *, waiting: bool) -> str:
    return f"{'.' if waiting else ''}purge-{drop_id}.json{'.waiting' if waiting else ''}"


def _published(drop: Drop, ledger: Ledger) -> tuple[Batch, ...]:
    """The published batch of each table's content, under whatever version of its contract."""
    found = []
    for taken in drop.tables:
        one = ledger.batch(taken.batch_id)
        if one is None or one.state != "published":
            lines = ledger.batches(table=taken.contract.table, source=drop.source, states=["published"])
            same = [line for line in lines if line.content_hash == taken.content_hash]
            one = same[-1] if same else None
        if one is not None:
            found.append(one)
    return tuple(found)


def _described(finding: Finding, folder: Path, policy: Policy, now: datetime) -> dict[str, Any]:
    """What the certificate says: no name of a file or folder, which a sender chose."""
    files = []
    for path in _files(folder):
        with path.open("rb") as file:
            files.append({"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size})
    return {
        "act": "purge",
        "how": policy.how,
        "days": policy.days,
        "at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": finding.source,
        "drop": finding.drop_id,
        "files": sorted(files, key=lambda one: str(one["sha256"])),
        "batches": [
            {
                "batch": one.batch_id,
                "table": one.table,
                "contract_version": one.contract_version,
                "published_at": one.finished_at,
                "rows_read": one.counts.rows_read if one.counts else None,
                "accepted": one.counts.accepted if one.counts else None,
                "quarantined": one.counts.quarantined if one.counts else None,
                "duplicates": one.counts.duplicates if one.counts else None,
            }
            for one in finding.batches
        ],
    }


def _files(folder: Path) -> list[Path]:
    """Every file of the drop, those that no contract names included."""
    found = [Path(where) / name for where, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _age(files: Sequence[Path], now: datetime) -> timedelta:
    newest = max(path.stat().st_mtime for path in files)
    return now.astimezone(UTC) - datetime.fromtimestamp(newest, UTC)

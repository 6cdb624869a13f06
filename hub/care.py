"""Care of the lake and of landing, with everything that the roof has built."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hub.compose import Hub, now
from ingestion.erasing.sealed import keep_newest
from ingestion.locks import INTAKE, locked
from ingestion.maintain import Care, Maintained, maintain, would_maintain
from ingestion.redact import redacted
from ingestion.retention import Finding, Policy, examine, finish, purge
from pseudonymization.identities import IdentityTable

if TYPE_CHECKING:
    from hub.progress import Tick


def maintain_tables(hub: Hub, table: str | None, tick: Tick, *, dry_run: bool) -> list[Maintained]:
    """Maintain one published table, or all of them and the sealed identities."""
    care = Care(hub.settings.lake.history_days, hub.settings.lake.file_size)
    pins, names = hub.home.run / "pins", [table] if table is not None else hub_tables(hub)
    done = []
    for place, name in enumerate(names):
        tick(f"Maintaining {name}", place, len(names))
        if dry_run:
            one = would_maintain(
                hub.lake_place, hub.ledger, hub.contracts, name, care=care, now=now(), pins=pins
            )  # fmt: skip
        else:
            one = maintain(
                hub.lake, hub.ledger, hub.contracts, name, care=care, now=now(), pins=pins,
                locks=hub.home.run / "locks",
            )  # fmt: skip
        done.append(one)
    if table is None and not dry_run and names:
        with locked(hub.home.run / "locks", [INTAKE]):
            tick("Tidying the sealed identities", len(names), None)
            _forget_unseen(hub)
            keep_newest(hub.spark, hub.home.identities, compact=True)
    return done


def _forget_unseen(hub: Hub) -> None:
    """Identities of whom no source told for as long as the settings say; the ledger keeps how many went."""
    if not hub.home.keys.exists():
        return
    identities = IdentityTable(hub.spark, hub.home.identities, hub.keystore.derive("identity"), lambda: now().date())
    with redacted("forgetting identities", "identities"):
        gone = identities.forget_unseen(hub.settings.retention.identity_days)
    if gone:
        hub.ledger.record("identities", "identities", "forgotten", gone)


def hub_tables(hub: Hub) -> list[str]:
    """The published tables."""
    return [pointer.table for pointer in hub.ledger.pointers()]


def policy_of(hub: Hub, source: str) -> Policy:
    """How long the drops of a source stay."""
    own = hub.settings.retention.sources.get(source, hub.settings.retention)
    return Policy(own.days, own.how)


def purge_landing(hub: Hub, source: str | None, tick: Tick, *, dry_run: bool) -> list[Finding]:
    """Purge what is due; returns where every drop stood, or stands. What a killed purge or run left goes first."""
    home = hub.home
    findings: list[Finding] = []
    with locked(home.run / "locks", [INTAKE]):
        if not dry_run:
            finish(ledger=hub.ledger, landing=home.landing, certificates=home.certificates)
            # Whoever holds the intake lock may empty the folder: nobody is taking a drop in.
            for left in home.intake.iterdir():
                shutil.rmtree(left, ignore_errors=True)
        for folder in drops(home.landing, source):
            name = folder.parent.name
            tick(f"Looking at {name}/{folder.name}", len(findings), None)
            policy = policy_of(hub, name)
            known = {one.source for one in hub.contracts.values()}
            if name not in known:
                findings.append(Finding(name, folder.name, "unreadable", "no contract names this source", overdue=True))
                continue
            found = examine(
                name, folder, hub.contracts.source(name), ledger=hub.ledger, intake=home.intake, policy=policy,
                now=now(),
            )  # fmt: skip
            if found.state == "due" and not dry_run:
                found = purge(
                    found, folder, ledger=hub.ledger, keystore=hub.keystore, policy=policy, landing=home.landing,
                    archive=home.archive, certificates=home.certificates, now=now(),
                )  # fmt: skip
            findings.append(found)
    return findings


def drops(landing: Path, source: str | None) -> list[Path]:
    """The drop folders of one source, or of all."""
    return sorted(
        folder
        for one in landing.iterdir()
        if one.is_dir() and not one.name.startswith(".") and source in (None, one.name)
        for folder in one.iterdir()
        if folder.is_dir()
    )

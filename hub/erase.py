"""Erases a person from everything that the hub keeps, with the parts that the roof has built."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hub.alone import alone
from hub.compose import Hub, now
from hub.erase_landed import Landed, aside, taken
from hub.errors import HubError
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.reviews.draw import reviews_of
from ingestion.archive import seal
from ingestion.certificate import write_certificate
from ingestion.erasing.erasure import Erasure, Journal, new_id
from ingestion.erasing.files import Marks
from ingestion.erasing.find import Finder, person_of, persons_of
from ingestion.erasing.lake import counted, erase_in_lake, lake_tables
from ingestion.erasing.landing import erase_in_drop, marks_of, recover
from ingestion.erasing.sealed import erase_identity, erase_in_quarantine
from ingestion.folder import folder_of
from ingestion.quarantine_ledger import QuarantineLedger
from projects.erasure import erase_in_extract

if TYPE_CHECKING:
    from hub.progress import Tick

Fault = Callable[[str], None]
"""Called with what was just done: a test may die there."""


@dataclass(frozen=True)
class Erased:
    """What went (or would go), by place, and its certificate; `unread`: drops that could not be looked through.

    `touched`: lake tables of which no earlier version can be gone back to any more.
    """

    id: str
    counts: dict[str, int]
    touched: tuple[str, ...]
    unread: int
    certificate: Path | None


def erase(
    hub: Hub, given: tuple[str, Sequence[str]] | None, tick: Tick, *, dry_run: bool, fault: Fault = lambda _step: None
) -> list[Erased]:
    """End every erasure that was begun, then erase the person of `given` (kind, values).

    Nothing else may run meanwhile: no ingestion, no extract. Raises `HubError`, `ErasureError`, `Busy`.
    """
    journal = Journal(hub.home.erasures, hub.keystore.derive("erasure"))
    done = []
    with alone(hub, "erase"):
        if hub.keystore.unfinished:
            raise HubError("A rotation of the keys was begun and has not ended: run `hub keys rotate` first.")
        tick("Starting Spark", 0, None)
        if not dry_run:
            recover(hub.home.landing)
            journal.tidy()
            for left in hub.home.intake.iterdir():
                shutil.rmtree(left, ignore_errors=True)
        waiting = journal.waiting()
        if waiting and dry_run:
            raise HubError("An erasure that was begun has not ended: run `hub erase --resume` first.")
        for erasure in waiting:
            tick("Ending an erasure that was begun", 0, None)
            done.append(_carry_out(hub, erasure, journal, tick, dry_run=False, fault=fault))
        if given is not None:
            kind, values = given
            keys = person_of(hub.lake, hub.keystore, kind, values)
            numbers = [value for value in values if value]
            erasure = Erasure(new_id(), f"{now():%Y-%m-%dT%H:%M:%SZ}", keys, persons_of(hub.keystore, keys), numbers)
            done.append(_carry_out(hub, erasure, journal, tick, dry_run=dry_run, fault=fault))
    return done


def _carry_out(
    hub: Hub, erasure: Erasure, journal: Journal, tick: Tick, *, dry_run: bool, fault: Fault
) -> Erased:  # fmt: skip
    home, spark, contracts = hub.home, hub.spark, hub.contracts
    with taken(hub) as (landed, unread):
        tick("Looking for the person", 0, None)
        tables = [taken for one in landed for taken in one.drop.tables]
        Finder(spark, hub.lake, contracts, hub.keystore, home.quarantine, tables).complete(erasure)

        def save() -> None:
            journal.save(erasure)

        if dry_run:
            return _would(hub, erasure, landed, unread)
        save()
        fault("begun")
        for one in landed:
            tick(f"Erasing from the drops of {one.source}", 0, None)
            marks = _marks(hub, one, erasure)
            changed = erase_in_drop(
                one.source, one.folder, one.drop, marks, contracts=contracts.source(one.source), ledger=hub.ledger,
                landing=aside(hub) if one.archive else home.landing, intake=home.intake,
                noted=partial(_note, erasure, one, save), fault=fault,
            )  # fmt: skip
            if one.archive and changed:
                # Told first: once it is sealed again, nothing of the archive would say that it was another.
                erasure.resealed[one.archive.name] = ""
                save()
                seal(one.folder, one.archive, hub.keystore.derive("archive"))
            if one.archive and one.archive.name in erasure.resealed:
                with one.archive.open("rb") as file:
                    erasure.resealed[one.archive.name] = hashlib.file_digest(file, "sha256").hexdigest()
                save()
                fault(f"{one.source}: sealed")
    tick("Erasing from the sealed zone", 0, None)
    # Nobody can tell whose a scrubbed note is: what was drawn to be read goes, and is drawn anew.
    reviews_of(hub).drop_open()
    erase_in_quarantine(
        spark, home.quarantine, contracts, erasure, hub.keystore, save=save, fault=fault,
        ledger=QuarantineLedger(hub.ledger),
    )  # fmt: skip
    erase_identity(spark, home.identities, erasure, save=save, fault=fault)
    for project in _extracts(home.projects):
        tick(f"Erasing from the extract of {project.name}", 0, None)
        name = project.name

        def count(table: str, rows: int, name: str = name) -> None:
            erasure.count(f"projects/{name}/{table}", "", rows)
            save()

        erase_in_extract(
            project / "data", name, erasure.persons, spark=spark, keystore=hub.keystore, count=count, fault=fault
        )  # fmt: skip
    published = lake_tables(hub.lake, contracts)
    for left in folder_of(hub.lake_place).folders():
        # What a first ingestion left that was killed: it was never published, so it is nobody's.
        if left not in published:
            hub.lake.table(left).take_back(None)
    for table in published:
        tick(f"Erasing from the lake: {table}", 0, None)
        erase_in_lake(hub.lake, hub.ledger, contracts, table, erasure, save=save, fault=fault)
    _verify(hub, erasure)
    fault("verified")
    done = _certify(hub, erasure, unread)
    fault("certified")
    journal.forget(erasure)
    return done


def _note(erasure: Erasure, one: Landed, save: Callable[[], None], lines: Mapping[str, int]) -> None:
    for table, gone in lines.items():
        erasure.count(f"{one.place}/{table}", one.drop.drop_id, gone)
    save()


def _would(hub: Hub, erasure: Erasure, landed: Sequence[Landed], unread: int) -> Erased:
    """What an erasure would take away; of landing, how many of its tables name the person."""
    home, contracts, spark = hub.home, hub.contracts, hub.spark
    for one in landed:
        for table, marks in _marks(hub, one, erasure).items():
            named = any(marks.lines.values()) or any(marks.cells.values()) or table_names(marks)
            erasure.count(f"{one.place}/{table} (drops)", one.drop.drop_id, int(named))
    nothing: Callable[[], None] = lambda: None  # noqa: E731
    quiet: Fault = lambda _step: None  # noqa: E731
    refused = erase_in_quarantine(
        spark, home.quarantine, contracts, erasure, hub.keystore, save=nothing, fault=quiet,
        ledger=QuarantineLedger(hub.ledger), dry_run=True,
    )  # fmt: skip
    for table, rows in refused.items():
        erasure.count(f"quarantine/{table}", "", rows)
    identities = erase_identity(spark, home.identities, erasure, save=nothing, fault=quiet, dry_run=True)
    erasure.count("identities", "", identities)
    for project in _extracts(home.projects):
        rows_of = erase_in_extract(
            project / "data", project.name, erasure.persons, spark=spark, keystore=hub.keystore,
            count=lambda _table, _rows: None, fault=quiet, dry_run=True,
        )  # fmt: skip
        for table, rows in rows_of.items():
            erasure.count(f"projects/{project.name}/{table}", "", rows)
    touched = []
    for table in lake_tables(hub.lake, contracts):
        gone, blanked = counted(hub.lake, contracts, table, erasure)
        erasure.count(f"lake/{table}", "", gone)
        erasure.count(f"lake/{table} (other role)", "", blanked)
        if gone or blanked:
            touched.append(table)
    return Erased(erasure.id, erasure.totals(), tuple(touched), unread, None)


def table_names(marks: Marks) -> bool:
    """Whether the marks name FHIR resources."""
    return bool(marks.resources)


def _marks(hub: Hub, one: Landed, erasure: Erasure) -> dict[str, Marks]:
    """The person's marks in every table of a drop; a patient's id counts in all of them."""
    marks = {
        taken.contract.table: marks_of(taken, hub.contracts, erasure, hub.spark, hub.keystore)
        for taken in one.drop.tables
    }
    ids = {name for mark in marks.values() for name in mark.resources}
    for mark in marks.values():
        mark.resources |= ids
    return marks


def _extracts(projects: Path) -> list[Path]:
    return sorted(path for path in projects.iterdir() if (path / "data").is_dir())


def _verify(hub: Hub, erasure: Erasure) -> None:
    """Look for the person's keys in every file, logs included, of the tables that were touched: by other code."""
    copies = hub.scratch / "verified"
    folders = [folder_of(hub.lake_place / table).copy(copies) for table in erasure.touched]
    needles = text_needles(("person key", key) for key in erasure.keys)
    try:
        found = search(folders, needles)
    finally:
        shutil.rmtree(copies, ignore_errors=True)
    if found.leaks or found.undecoded:
        files = len({leak.place for leak in found.leaks} | set(found.undecoded))
        raise HubError(
            f"The erasure cannot be certified: {files} file(s) of the lake still hold the person or cannot be read. "
            "Nothing more is needed to try again than `hub erase --resume`."
        )


def _certify(hub: Hub, erasure: Erasure, unread: int) -> Erased:
    """The certificate says how much went from where, and nothing of who."""
    path = hub.home.certificates / f"erasure-{erasure.id}.json"
    content = {
        "act": "erasure",
        "erasure": erasure.id,
        "begun_at": erasure.at,
        "ended_at": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "rows": erasure.totals(),
        "tables_without_earlier_versions": sorted(erasure.touched),
        "drops_not_looked_through": unread,
        "archives_sealed_again": erasure.resealed,
    }
    write_certificate(path, content, hub.keystore.derive("certificate"))
    if not any(event.batch_id == erasure.id for event in hub.ledger.events(table="erasure")):
        hub.ledger.record(erasure.id, "erasure", "erased", sum(erasure.totals().values()))
    return Erased(erasure.id, erasure.totals(), tuple(sorted(erasure.touched)), unread, path)

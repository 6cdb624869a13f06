"""Takes a drop from the landing folder to the lake: the one entry of this package that writes."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion import delta_log
from ingestion.abreast import abreast
from ingestion.batch import STAGE, Workshop, groups
from ingestion.code_lists import CodeLists
from ingestion.contract_set import Contracts
from ingestion.drop import Drop, take_in
from ingestion.effort import measured_effort
from ingestion.errors import GateFailed, IngestionError
from ingestion.lake import PERSON_LINK, Lake
from ingestion.ledger import Batch, Ledger, Published
from ingestion.locks import INTAKE, locked
from ingestion.notes import scrubber_of
from ingestion.places import even_blocks
from ingestion.prepare import identities
from ingestion.quarantine import Quarantine
from ingestion.redact import redacted
from ingestion.references import Parents
from ingestion.replay import Fate, fate, judged, replaced
from ingestion.reports import Learnt, Report, TableReport, report_of
from ingestion.rotation import require_same_keys
from ingestion.seen import Seen
from ingestion.sources import reader_of
from ingestion.surprises import frozen
from ingestion.taken import TakenTable
from ingestion.watch import watch
from pseudonymization.identities import IdentityTable
from pseudonymization.keystore import KeyStore
from pseudonymization.links import LINKS_SCHEMA, empty_links, learn
from pseudonymization.text.own import OwnRecognizers

Progress = Callable[[str, str], None]
"""Called with (table or `drop`, step) as each step ends: taken, written, sealed, judged, passed, linked, published."""


@dataclass(frozen=True)
class Folders:
    """Where ingestion keeps what is not the lake; see `hub.paths.Home` for each."""

    intake: Path
    quarantine: Path
    identities: Path
    sealed_tmp: Path
    locks: Path
    seen: Path | None = None


@dataclass
class _Run:
    """What one call of `ingest_drop` holds together."""

    spark: SparkSession
    lake: Lake
    ledger: Ledger
    keystore: KeyStore
    folders: Folders
    quarantine: Quarantine
    identities: IdentityTable
    workshop: Workshop
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)


def _silent(_table: str, _step: str) -> None:
    """Progress nobody watches."""


def _one_by_one(progress: Progress) -> Progress:
    """`progress`, never called twice at once: tables go through side by side."""
    turn = threading.Lock()

    def told(table: str, step: str) -> None:
        with turn:
            progress(table, step)

    return told


def ingest_drop(
    source: str,
    drop_folder: Path,
    *,
    spark: SparkSession,
    lake: Lake,
    ledger: Ledger,
    keystore: KeyStore,
    contracts: Contracts,
    folders: Folders,
    progress: Progress = _silent,
    lock_timeout: float = 10.0,
    replay: bool = False,
    settle: float = 0.0,
    now: float | None = None,
    own: OwnRecognizers | None = None,
) -> Report:
    """Take a drop of `source` through: every table it holds is published, or none.

    What was published under an older version of its contract stays as it is; with `replay` it is read again and put
    in the place of its rows, and nothing else of the drop is touched. A drop that changed less than `settle` seconds
    before `now` (the clock's time by default) is left alone, unless its sender says that it is whole. `own` are the
    recognizers that a site adds to those of notes.
    The same drop twice changes nothing; killed anywhere and called again, it converges. Nothing is left in the intake
    folder or the sealed temporary folder. Raises an `IngestionError` (unknown source, bad file, drop still arriving,
    failed gate, no space, busy) or a `PseudonymizationError`; what was published before stays as it was.
    """
    started = time.monotonic()
    mine = contracts.source(source)
    with locked(folders.locks, [INTAKE], lock_timeout):
        _empty(folders)
        drop = take_in(source, drop_folder, mine, folders.intake, settle=settle, now=now)
        seen = Seen(folders.seen, keystore.derive("intake").secret)
        files = {seen.name(f"{source}/{drop_folder.name}", *place): sha256 for place, sha256 in drop.read.items()}
        changed = seen.changed(files)
        try:
            for taken in drop.tables:
                reader_of(taken.contract).check(taken)
            codes = CodeLists(lake, contracts)
            for taken in drop.tables:
                codes.check(taken.contract)
            quarantine = Quarantine(spark, folders.quarantine)
            identity_table = IdentityTable(spark, folders.identities, keystore.derive("identity"))
            parents = Parents(
                contracts, lake, {taken.contract.table: taken for taken in drop.tables},
                lambda taken: reader_of(taken.contract).read(spark, taken),
            )  # fmt: skip
            scrub = scrubber_of(identity_table, own)
            workshop = Workshop(spark, keystore, quarantine, folders.sealed_tmp, scrub, codes, parents)
            reports, learnt = take_through(
                drop, workshop, identity_table, lake=lake, ledger=ledger, folders=folders, progress=progress,
                lock_timeout=lock_timeout, replay=replay,
            )  # fmt: skip
            seen.remember(files)
        finally:
            drop.discard()
    return Report(
        source, drop.drop_id, reports, drop.unmatched, learnt, round(time.monotonic() - started, 3), changed
    )  # fmt: skip


def take_through(
    drop: Drop,
    workshop: Workshop,
    identity_table: IdentityTable,
    *,
    lake: Lake,
    ledger: Ledger,
    folders: Folders,
    progress: Progress = _silent,
    lock_timeout: float = 10.0,
    replay: bool = False,
) -> tuple[tuple[TableReport, ...], Learnt]:
    """Every table of what was taken in, published together or not at all; the lock of the intake is held.

    Returns the reports and what the registers taught. Raises what `ingest_drop` does.
    """
    run = _Run(
        workshop.spark, lake, ledger, workshop.keystore, folders, workshop.quarantine, identity_table, workshop,
        _one_by_one(progress),
    )  # fmt: skip
    names = [taken.contract.table for taken in drop.tables]
    size, largest = max((taken.total("size"), taken.contract.table) for taken in drop.tables)
    with (
        locked(folders.locks, [*names, PERSON_LINK], lock_timeout),
        measured_effort(workshop.spark, size, largest),
        even_blocks(workshop.spark),
    ):
        require_same_keys(ledger, workshop.keystore)
        try:
            return _through(run, drop, replay)
        except BaseException:
            _take_back_all(run, drop)
            raise
        finally:
            workshop.clear()


def _through(run: _Run, drop: Drop, replay: bool) -> tuple[tuple[TableReport, ...], Learnt]:
    """Every table of the drop, then the links, then the pointers in one transaction."""
    fates = {taken.batch_id: fate(run.ledger, taken, replay=replay) for taken in drop.tables}
    todo = [taken for taken in drop.tables if fates[taken.batch_id] == "todo"]
    if todo:
        adopted = _recover(run, drop)
        fresh = [taken for taken in todo if taken.batch_id not in adopted]
        for taken in fresh:
            _keep_identities(run, taken)
        # The smallest first: what the engine learns with them serves the large ones.
        fresh.sort(key=lambda taken: taken.total("size"))
        abreast(run.spark, [partial(_one, run, taken, drop.drop_id) for taken in fresh])
        pointers = [_pointer(run, taken) for taken in todo]
        links, learnt = _learn(run, drop, todo)
        drop.require_unchanged()
        run.ledger.move([*pointers, *links])
        run.progress("drop", "published")
    else:
        learnt = Learnt()
    return tuple(_report(run, taken, fates[taken.batch_id]) for taken in drop.tables), learnt


def _one(run: _Run, taken: TakenTable, drop_id: str) -> None:
    """One table: written, judged, passed. Raises `GateFailed`."""
    contract, batch_id, name = taken.contract, taken.batch_id, taken.contract.table
    started = time.monotonic()
    run.ledger.take(taken, drop_id)
    run.progress(name, "taken")
    table = run.lake.table(name)
    before = replaced(run.ledger, taken)
    outcome = run.workshop.run(taken, table, instead_of=before)
    run.progress(name, "written")
    run.ledger.written(batch_id, name, outcome.version, outcome.counts, round(time.monotonic() - started, 3))
    run.progress(name, "recorded")
    with redacted("judging the batch", name):
        added = table.read(outcome.version).where(F.col("batch_id") == batch_id)
        verdict = watch(
            judged(contract, before), batch_id, added, outcome.counts, lake=run.lake, ledger=run.ledger,
            unique=outcome.unique,
        )  # fmt: skip
    run.progress(name, "judged")
    ice = frozen(contract, outcome.counts)
    failed = (*verdict.failed, *ice)
    if failed:
        run.ledger.rejected(batch_id, name, failed)
        raise GateFailed(
            f"{name}: {len(failed)} of {verdict.checks + len(ice)} expectations failed ({'; '.join(failed)}); "
            "nothing of the drop was published. Look at the quarantine, then correct the source or the contract."
        )
    run.ledger.passed(batch_id, name, outcome.version, round(time.monotonic() - started, 3))
    run.progress(name, "passed")


def _keep_identities(run: _Run, taken: TakenTable) -> None:
    """Who the table's people are goes to the sealed table before any table is read: notes of the drop need it."""
    if taken.contract.identity is None:
        return
    with redacted("sealing identities", taken.contract.table):
        frame = identities(
            run.workshop.arrived(taken), taken.contract, spark=run.spark, keystore=run.keystore
        )  # fmt: skip
        if frame is not None:
            run.identities.upsert(frame)


def _learn(run: _Run, drop: Drop, todo: Sequence[TakenTable]) -> tuple[list[Published], Learnt]:
    """What the drop's registers teach about who is who: a new version of `person_link`, not yet published."""
    registers = [taken for taken in todo if taken.contract.registers]
    if not registers:
        return [], Learnt()
    table = run.lake.table(PERSON_LINK)
    with redacted("learning who is who", PERSON_LINK):
        table.create({one.name: one.dataType.simpleString() for one in LINKS_SCHEMA.fields}, ["minted_at"])
        version = run.ledger.published(PERSON_LINK)
        known = empty_links(run.spark) if version is None else table.read(version)
        taught: DataFrame | None = None
        for taken in registers:
            one = groups(run.workshop.prepare(taken))
            taught = one if taught is None else taught.unionByName(one)
        assert taught is not None  # noqa: S101 - registers is not empty
        learned = learn(
            known, taught, spark=run.spark, key=run.keystore.derive("person-id"), generation=(version or 0) + 1
        )  # fmt: skip
        taught_us = Learnt(learned.keys, learned.merged, learned.contested + learned.apart)
        if version is None or learned.added is None:
            commit = table.replace(learned.table, drop.drop_id)
        elif learned.keys:
            # Most drops add keys and move none: what is there need not be written again.
            commit = table.append(learned.added, drop.drop_id)
        else:
            run.progress(PERSON_LINK, "linked")
            return [], taught_us
        rows = table.read(commit.version).count()
    run.progress(PERSON_LINK, "linked")
    return [Published(PERSON_LINK, commit.version, drop.drop_id, rows, None, None, "")], taught_us


def _pointer(run: _Run, taken: TakenTable) -> Published:
    """Where the pointer of a passed table goes, with what the catalogue shows of it."""
    contract = taken.contract
    batch = run.ledger.batch(taken.batch_id)
    assert batch is not None  # noqa: S101 - the batch passed
    assert batch.version is not None  # noqa: S101 - the same
    with redacted("measuring the table", contract.table):
        frame = run.lake.table(contract.table).read(batch.version)
        period = contract.period.column if contract.period else None
        wanted = [F.count(F.lit(1)).alias("rows")]
        if period:
            wanted += [F.min(period).cast("date").cast("string"), F.max(period).cast("date").cast("string")]
        row = frame.agg(*wanted).first()
    values = tuple(row) if row else (0,)
    first, last = (values[1], values[2]) if period else (None, None)
    return Published(contract.table, batch.version, taken.batch_id, int(values[0]), first, last, "")


def _recover(run: _Run, drop: Drop) -> set[str]:
    """Deal with versions beyond the pointers; returns the batches of this drop that had passed and are adopted.

    All tables of a drop move together: what another drop left is published only if every batch of it had passed,
    which `move` would have done in the same breath, so it is taken back.
    """
    adopted = set()
    for taken in drop.tables:
        name, table = taken.contract.table, run.lake.table(taken.contract.table)
        pointer, batch = run.ledger.published(name), run.ledger.batch(taken.batch_id)
        if _is(batch, "passed") and batch is not None and batch.version == delta_log.latest(table.path):
            adopted.add(taken.batch_id)
            continue
        _reopen(run, name)
        if table.take_back(pointer):
            run.progress(name, "taken back")
    run.lake.table(PERSON_LINK).take_back(run.ledger.published(PERSON_LINK))
    return adopted


def _take_back_all(run: _Run, drop: Drop) -> None:
    """After a failure, at once and as far as it goes; the next run does the rest."""
    for name in (*[taken.contract.table for taken in drop.tables], PERSON_LINK):
        with suppress(IngestionError, OSError):
            run.lake.table(name).take_back(run.ledger.published(name))
            _reopen(run, name)


def _reopen(run: _Run, name: str) -> None:
    """Versions of unpublished batches are gone: their lines say so, and their refused rows go too."""
    for batch in run.ledger.batches(table=name, states=["taken", "written", "passed"]):
        run.quarantine.discard(name, batch.batch_id)
        if batch.state != "taken":
            run.ledger.reopen(batch.batch_id, name)


def _report(run: _Run, taken: TakenTable, fate: Fate) -> TableReport:
    name = taken.batch_id
    if fate in ("kept", "superseded") and (before := replaced(run.ledger, taken)) is not None:
        name = before.batch.batch_id
    return report_of(run.ledger, name, taken.contract.table, fate, taken.total("headers"), taken.total("blanks"))


def _empty(folders: Folders) -> None:
    """Remove what a killed run had taken in or staged; the intake lock is held."""
    for item in folders.intake.iterdir() if folders.intake.is_dir() else ():
        shutil.rmtree(item, ignore_errors=True)
    for item in folders.sealed_tmp.glob(f"{STAGE}*"):
        shutil.rmtree(item, ignore_errors=True)


def _is(batch: Batch | None, state: str) -> bool:
    return batch is not None and batch.state == state

"""Care of lake tables: small files made large ones, dates clustered, files of forgotten versions deleted.

Delta's own VACUUM knows one date for the whole table; here what is kept is a set of versions, so the files that go
are those that no version of the set is made of. The table's lock is held, so nobody else writes files meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion import delta_log
from ingestion.batch import statistics
from ingestion.contract import Contract
from ingestion.delta_snapshot import delete_files, is_whole, size_of, snapshots, superfluous
from ingestion.errors import EngineError
from ingestion.folder import Place
from ingestion.lake import Lake
from ingestion.lake_history import Step, contract_of, history, measured, promised
from ingestion.lake_table import LakeTable
from ingestion.ledger import Ledger, Published
from ingestion.locks import locked
from ingestion.pins import Pins
from ingestion.redact import redacted

_SIGN = "maintain:"
_MIB = 1 << 20


@dataclass(frozen=True)
class Care:
    """What care a hub takes: days for which every published version stays readable, and a file's size in MiB."""

    history_days: int = 30
    file_size: int = 128


@dataclass(frozen=True)
class Maintained:
    """What was done to a table, or would be: its data files before and after, versions kept, files deleted.

    `clustered` is the column by which rows lie together, if any. In a dry run `files_after` is an estimate, and
    `deleted` and `freed` do not count what compaction would leave behind.
    """

    table: str
    files_before: int
    files_after: int
    clustered: str | None
    kept: tuple[int, ...]
    deleted: int
    freed: int


def would_maintain(
    root: Place, ledger: Ledger, contracts: Mapping[str, Contract], table: str, *, care: Care, now: datetime, pins: Path
) -> Maintained:
    """What `maintain` would do, as far as it can be known before; needs no engine. Raises `NotPublished`."""
    pointer, path = _pointer(ledger, root, table), root / table
    files, wanted = _files(path, pointer.version, care)
    kept = _kept(ledger, root, table, pointer.version, care, now, pins)
    doomed = superfluous(path, kept | {delta_log.latest(path) or 0})
    freed = sum(doomed.values())
    column = _cluster(contract_of(contracts, table))
    return Maintained(table, files, min(files, wanted), column, tuple(sorted(kept)), len(doomed), freed)


def maintain(
    lake: Lake,
    ledger: Ledger,
    contracts: Mapping[str, Contract],
    table: str,
    *,
    care: Care,
    now: datetime,
    pins: Path,
    locks: Path,
    lock_timeout: float = 10.0,
    step: Step = lambda _table, _what: None,
) -> Maintained:
    """Compact a table and delete the files that no promised, published or pinned version is made of.

    Every row is in both versions, compared before the pointer moves. Killed anywhere and called again, it converges.
    Raises `NotPublished`, `Busy`, `EngineError`.
    """
    with locked(locks, [table], lock_timeout):
        pointer = _pointer(ledger, lake.root, table)
        one, contract = lake.table(table), contract_of(contracts, table)
        column = _cluster(contract)
        files, wanted = _files(one.path, pointer.version, care)
        pointer = _compact(lake, ledger, one, pointer, contract, column, files > wanted, step)
        step(table, "compacted")
        kept = _kept(ledger, lake.root, table, pointer.version, care, now, pins)
        doomed = superfluous(one.path, kept)
        if doomed:
            # Told first: killed in between, the files go at the next care, and that they go is known.
            ledger.record(pointer.batch_id, table, "vacuumed")
            step(table, "told")
        freed = delete_files(one.path, doomed)
        step(table, "cleaned")
        after, _ = _files(one.path, pointer.version, care)
        return Maintained(table, files, after, column, tuple(sorted(kept)), len(doomed), freed)


def _pointer(ledger: Ledger, root: Place, table: str) -> Published:
    history(ledger, root, table)
    pointer = ledger.pointer(table)
    assert pointer is not None  # noqa: S101 - a table with a history has a pointer
    return pointer


def _files(path: Place, version: int, care: Care) -> tuple[int, int]:
    """How many data files a version has, and how many it needs."""
    snapshot = snapshots(path, [version])[version]
    return len(snapshot), max(1, ceil(size_of(path, snapshot) / (care.file_size * _MIB)))


def _kept(ledger: Ledger, root: Place, table: str, published: int, care: Care, now: datetime, pins: Path) -> set[int]:
    # The order matters, see `Pins.hold`: the pointers first, the pins after.
    kept = promised(history(ledger, root, table), care.history_days, now)
    kept |= Pins(pins).held().get(table, set())
    # A version whose files an earlier care deleted is not kept alive by half.
    whole = snapshots(root / table, kept | {published})
    return {version for version in kept if is_whole(root / table, whole[version])} | {published}


def _compact(
    lake: Lake,
    ledger: Ledger,
    one: LakeTable,
    pointer: Published,
    contract: Contract | None,
    column: str | None,
    needed: bool,
    step: Step,
) -> Published:
    """The pointer after compaction; a compacted version that a killed run left is published if it holds the same."""
    sign = f"{_SIGN}{pointer.version}"
    newest = one.version()
    if newest == pointer.version or delta_log.commit(one.path, newest).user_metadata != sign:
        one.take_back(pointer.version)
        if not needed:
            return pointer
        with redacted("compacting the table", one.name), one.signed(sign):
            optimize = one.delta().optimize()
            if column:
                optimize.executeZOrderBy(column)
            else:
                optimize.executeCompaction()
        step(one.name, "rewritten")
        newest = one.version()
        if delta_log.commit(one.path, newest).user_metadata != sign:
            return pointer
    with redacted("comparing the compacted table", one.name):
        same = fingerprint(one.read(newest)) == fingerprint(one.read(pointer.version))
    if not same:
        one.take_back(pointer.version)
        raise EngineError(
            f"{one.name}: the compacted version does not hold what the published one holds; it was taken back and "
            "nothing has changed. This is a defect of the engine: please report it."
        )
    step(one.name, "compared")
    moved = measured(lake, one.name, newest, pointer.batch_id, contract)
    ledger.repoint(moved, "compacted")
    return moved


def fingerprint(frame: DataFrame) -> tuple[int, int]:
    """Rows and an order-free hash of their content."""
    row = frame.select(F.xxhash64(*[F.col(name) for name in sorted(frame.columns)]).alias("h")).agg(
        F.count(F.lit(1)), F.sum(F.col("h").cast("decimal(38,0)"))
    )
    found = row.first()
    return (int(found[0]), int(found[1] or 0)) if found else (0, 0)


def _cluster(contract: Contract | None) -> str | None:
    """The date by which rows may lie together; nothing else has statistics, and no identifier ever has."""
    names = [name for name in statistics(contract) if name != "batch_id"] if contract else []
    return names[0] if names else None

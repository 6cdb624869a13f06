"""What a table was: every version that was ever published, and the way back to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.delta_snapshot import is_whole, rows_of, snapshots
from ingestion.errors import NotPublished, VersionGone
from ingestion.folder import Place
from ingestion.lake import Lake
from ingestion.ledger import Ledger, Published
from ingestion.locks import locked
from ingestion.redact import redacted

MOVES = ("published", "restored", "compacted", "erased", "rekeyed", "relinked")
"""The events that move a table's pointer."""
_SHORTEST = 6

Step = Callable[[str, str], None]
"""Called with (table, step) as each step ends."""


@dataclass(frozen=True)
class Moment:
    """A version that was published: `what` put it there, `until` when another took its place (None: it has not).

    `batch_id` is the batch that was published last in it; `readable` says whether its files are still kept.
    """

    version: int
    at: str
    until: str | None
    what: str
    batch_id: str
    contract_version: int | None
    rows: int | None
    readable: bool

    @property
    def current(self) -> bool:
        """Whether readers see this one."""
        return self.until is None


def history(ledger: Ledger, root: Place, table: str) -> list[Moment]:
    """The published versions of a table, oldest first. Raises `NotPublished`."""
    moves = [event for event in ledger.events(table=table, what=MOVES) if event.version is not None]
    if not moves:
        raise NotPublished(f"Table {table} was never published: `hub tables` lists those that are.")
    held = snapshots(root / table, {event.version for event in moves if event.version is not None})
    # What was written under earlier keys is never gone back to: it would bear digests that nothing joins any more.
    since = max((place for place, event in enumerate(moves) if event.what == "rekeyed"), default=0)
    moments = []
    for place, (event, later) in enumerate(zip(moves, [*moves[1:], None], strict=True)):
        version = event.version or 0
        batch = ledger.batch(event.batch_id)
        moments.append(
            Moment(
                version=version,
                at=event.at,
                until=later.at if later else None,
                what=event.what,
                batch_id=event.batch_id,
                contract_version=batch.contract_version if batch else None,
                rows=rows_of(held[version]),
                readable=place >= since and is_whole(root / table, held[version]),
            )
        )
    return moments


def promised(moments: list[Moment], days: int, now: datetime) -> set[int]:
    """The versions that were published in the last `days` under the keys of today, the present one among them."""
    since = (now.astimezone(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    rekeyed = max((place for place, one in enumerate(moments) if one.what == "rekeyed"), default=0)
    return {one.version for one in moments[rekeyed:] if one.until is None or one.until > since}


@dataclass(frozen=True)
class Restored:
    """A way back: from which published version to which, and the version that now holds it (None: dry run)."""

    table: str
    before: Moment
    target: Moment
    version: int | None
    with_it: tuple[str, ...]
    """Tables that were published together with the batches in between, and that stay where they are."""


def find(moments: list[Moment], to: str) -> Moment:
    """The moment that `to`, a version or the first letters of a batch, names. Raises `VersionGone`."""
    exact = [one for one in moments if str(one.version) == to]
    named = exact or [one for one in moments if len(to) >= _SHORTEST and one.batch_id.startswith(to)]
    if not named:
        raise VersionGone(
            "No published version or batch is called so: `hub lake history` lists them (give six letters of a batch)."
        )
    if len({one.batch_id for one in named}) > 1:
        raise VersionGone("Several batches begin like that: give more letters, or the version's number.")
    kept = [one for one in named if one.readable]
    if not kept:
        raise VersionGone("The files of that version are no longer kept: `hub lake history` says which versions are.")
    return kept[-1]


def way_back(ledger: Ledger, root: Place, table: str, to: str) -> Restored:
    """What `restore` would do; needs no engine. Raises `NotPublished`, `VersionGone`."""
    moments = history(ledger, root, table)
    target = find(moments, to)
    return Restored(table, moments[-1], target, None, _together(ledger, table, moments, target))


def restore(
    lake: Lake,
    ledger: Ledger,
    contracts: Mapping[str, Contract],
    table: str,
    to: str,
    *,
    locks: Path,
    lock_timeout: float = 10.0,
    step: Step = lambda _table, _what: None,
) -> Restored:
    """Publish again what `table` held at a version or after a batch, as a new version.

    The newest Delta version always holds what the pointer says. Killed before the pointer moved, nothing has
    happened, and the next act takes the version back. Raises `NotPublished`, `VersionGone`, `Busy`.
    """
    with locked(locks, [table], lock_timeout):
        plan = way_back(ledger, lake.root, table, to)
        before, target, one = plan.before, plan.target, lake.table(table)
        one.take_back(before.version)
        step(table, "taken back")
        if target.version == before.version:
            return replace(plan, version=before.version)
        with redacted("restoring a version", table), one.signed(f"history:{target.version}"):
            one.delta().restoreToVersion(target.version)
        step(table, "restored")
        pointer = measured(lake, table, one.version(), target.batch_id, contract_of(contracts, table))
        step(table, "measured")
        ledger.repoint(pointer, "restored")
        step(table, "published")
        return replace(plan, version=pointer.version)


def contract_of(contracts: Mapping[str, Contract], table: str) -> Contract | None:
    """The table's contract; None for `person_link`, and for a table whose contract was taken away."""
    # `Contracts` refuses an unknown table with a sentence, and so has no silent `get`.
    return contracts[table] if table in contracts else None  # noqa: SIM401 - see above


def measured(lake: Lake, table: str, version: int, batch_id: str, contract: Contract | None) -> Published:
    """The pointer for a version, with what the catalogue shows of it."""
    period = contract.period.column if contract and contract.period else None
    with redacted("measuring the table", table):
        wanted = [F.count(F.lit(1)).alias("rows")]
        if period:
            wanted += [F.min(period).cast("date").cast("string"), F.max(period).cast("date").cast("string")]
        row = lake.table(table).read(version).agg(*wanted).first()
    values = tuple(row) if row else (0,)
    first, last = (values[1], values[2]) if period else (None, None)
    return Published(table, version, batch_id, int(values[0]), first, last, "")


def _together(ledger: Ledger, table: str, moments: list[Moment], target: Moment) -> tuple[str, ...]:
    """Tables that moved in the same drops as the moments after the target."""
    found: set[str] = set()
    for moment in moments:
        batch = ledger.batch(moment.batch_id)
        if moment.at > target.at and batch is not None:
            found |= {one.table for one in ledger.batches(drop_id=batch.drop_id, states=["published"])}
    return tuple(sorted(found - {table}))

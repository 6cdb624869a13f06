"""What became of a drop, of its tables, and of what it taught about who is who."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingestion.ledger import Counts, Ledger
from ingestion.quarantine import by_code
from ingestion.replay import Fate


@dataclass(frozen=True)
class Learnt:
    """What a drop's registers taught: keys that were new, persons merged, and `conflicts`.

    A conflict is a number that two persons with a NIR each claim, now held, or a group of numbers that would have made
    one person of two, which joined nobody.
    """

    keys: int = 0
    merged: int = 0
    conflicts: int = 0


@dataclass(frozen=True)
class TableReport:
    """What became of one table of a drop.

    `state`: `published`; `unchanged` when its batch was published before (its counts are then that batch's); `kept`,
    `superseded` or `waiting` when a replay is or is not asked for (see `ingestion.replay.Fate`).
    `quarantined` counts refused rows by reason code, `details` by code and column; `noticed` rows that were let in.
    `resources` is how many resources the rows come from, where one gives none or several; `left_out` gave none.
    """

    table: str
    state: str
    rows_read: int
    accepted: int
    refused: int
    duplicates: int
    quarantined: Mapping[str, int]
    details: Mapping[str, int]
    noticed: Mapping[str, int]
    headers: int
    blanks: int
    version: int | None
    seconds: float
    resources: int | None = None
    left_out: int = 0

    @property
    def holds(self) -> bool:
        """Law 3's equation."""
        return self.rows_read == self.accepted + self.refused + self.duplicates


@dataclass(frozen=True)
class Report:
    """What became of a drop. `unmatched` files belong to no contract, `learnt` is what its registers taught.

    `changed_files` were read before under the same name with other content: what they hold now is a new batch.
    """

    source: str
    drop_id: str
    tables: tuple[TableReport, ...]
    unmatched: int
    learnt: Learnt = Learnt()
    seconds: float = 0.0
    changed_files: int = 0

    @property
    def holds(self) -> bool:
        """Every table's rows read = accepted + quarantined + duplicates."""
        return all(table.holds for table in self.tables)

    @property
    def changed(self) -> bool:
        """False when every batch had been published before: nothing to do."""
        return any(table.state == "published" for table in self.tables)

    def __getitem__(self, table: str) -> TableReport:
        return next(report for report in self.tables if report.table == table)


def report_of(ledger: Ledger, batch_id: str, table: str, fate: Fate, headers: int = 0, blanks: int = 0) -> TableReport:
    """What the ledger knows of a batch of which a run decided `fate`."""
    batch = ledger.batch(batch_id)
    fresh = fate == "todo"
    counts = batch.counts if batch and batch.counts else Counts(0, 0, 0, 0)
    return TableReport(
        table=table,
        state={"todo": "published", "published": "unchanged"}.get(fate, fate),
        rows_read=counts.rows_read,
        accepted=counts.accepted,
        refused=counts.quarantined,
        duplicates=counts.duplicates,
        quarantined=by_code(dict(counts.reasons)),
        details=dict(counts.reasons),
        noticed=dict(counts.noticed),
        headers=headers,
        blanks=blanks,
        version=batch.version if batch else None,
        seconds=(batch.seconds or 0.0) if batch and fresh else 0.0,
        resources=counts.resources,
        left_out=counts.left_out,
    )

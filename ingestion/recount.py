"""Counts again, from what lies there and not from what was written down, whether each batch still adds up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from ingestion.derived.shape import SOURCE as DERIVED
from ingestion.lake import Lake
from ingestion.ledger import Batch, Ledger
from ingestion.quarantine_ledger import QuarantineLedger
from ingestion.sealed_rows import SealedRows


@dataclass(frozen=True)
class Recount:
    """A batch counted again. `accepted` is None where the version that it wrote can no longer be read."""

    batch: Batch
    accepted: int | None
    quarantined: int
    gone: int
    fault: str

    @property
    def holds(self) -> bool:
        """Whether everything that could be counted is what the ledger says."""
        return not self.fault


def recount(lake: Lake, ledger: Ledger, quarantine: Path, names: Sequence[str] = ()) -> Iterator[Recount]:
    """The published batches, or those whose ids begin with one of `names`, oldest first.

    Counted: the batch's rows in the version that it wrote, its refused rows by the footers of their files, those
    replayed by the rows that the replays read, those discarded by their certificates. The number of duplicates is
    what the ledger says: nothing of them is kept, and they must fill what is left of the rows read. So is the number of
    rows that a derived table left out: they stand in what it is derived from. Of resources that give none or several
    rows, each that was not left out must be among the rows read.
    """
    standings = {one.batch.batch_id: one for one in QuarantineLedger(ledger).standings()}
    for batch in ledger.batches(states=["published"]):
        if names and not any(batch.batch_id.startswith(name) for name in names):
            continue
        standing = standings.get(batch.batch_id)
        gone = standing.discarded + standing.replayed if standing else 0
        lying = SealedRows(quarantine, batch.table, batch.batch_id).count()
        accepted = _in_lake(lake, batch)
        yield Recount(batch, accepted, lying, gone, _fault(batch, accepted, lying, gone))


def _in_lake(lake: Lake, batch: Batch) -> int | None:
    """The batch's rows in its own version: later versions may have replaced or erased some of them, rightly."""
    if batch.version is None:
        return None
    try:
        return lake.table(batch.table).read(batch.version).where(F.col("batch_id") == batch.batch_id).count()
    except (PySparkException, Py4JError):
        return None


def _fault(batch: Batch, accepted: int | None, lying: int, gone: int) -> str:
    """What does not add up, in counts; empty when all does."""
    counts = batch.counts
    if counts is None:
        return "the ledger has no counts"
    faults = []
    if accepted is not None and accepted != counts.accepted:
        faults.append(f"{accepted} rows in the lake, {counts.accepted} in the ledger")
    if batch.source != DERIVED and lying + gone != counts.quarantined:
        faults.append(f"{lying} rows in quarantine and {gone} gone from it, {counts.quarantined} in the ledger")
    if counts.rows_read != counts.accepted + counts.quarantined + counts.duplicates:
        faults.append("rows read are not accepted + quarantined + duplicates")
    if not counts.resources_hold:
        faults.append("resources less those left out are more than the rows read, or less than none")
    return "; ".join(faults)

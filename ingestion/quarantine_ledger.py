"""What is left of the rows that each batch refused: the ledger keeps what was, this tells what is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from ingestion.derived.shape import SOURCE as DERIVED
from ingestion.errors import QuarantineError
from ingestion.ledger import Batch, Ledger, State, stamp
from ingestion.tables import discard

KEPT: tuple[State, ...] = ("published", "rejected")
"""The states whose refused rows lie in the quarantine."""


@dataclass(frozen=True)
class Standing:
    """A batch's refused rows: `quarantined` = `left` + `discarded` + `replayed`.

    `replays` are the batches that put them through again; `superseded_by` the batch that read the same content anew.
    """

    batch: Batch
    quarantined: int
    discarded: int
    replayed: int
    replays: tuple[str, ...]
    superseded_by: str | None

    @property
    def left(self) -> int:
        """Rows that lie in the quarantine now."""
        return self.quarantined - self.discarded - self.replayed


@dataclass(frozen=True)
class Discard:
    """A line of what was destroyed; see `tables.discard`."""

    at: str
    batch_id: str
    table: str
    rows: int
    reason: str | None
    certificate: str


class QuarantineLedger:
    """Reads the ledger for the quarantine, and writes what was destroyed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._engine = ledger, ledger.engine

    def standings(self) -> list[Standing]:
        """Every batch that refused rows, oldest first; a rejected replay has left them where they were.

        Rows that a derived table leaves out are not sealed: they stand in what it is derived from.
        """
        batches = self._ledger.batches(states=KEPT)
        history = _History(batches, self.discards())
        return [
            history.standing(batch)
            for batch in batches
            if batch.source != DERIVED
            and batch.counts
            and batch.counts.quarantined
            and not (batch.replay_of and batch.state == "rejected")
        ]

    def find(self, name: str) -> Standing:
        """The batch whose id begins with `name`. Raises `QuarantineError` unless it is exactly one with such rows."""
        found = [one for one in self.standings() if name and one.batch.batch_id.startswith(name)]
        if not found:
            raise QuarantineError(f"No batch {name} has refused rows: hub quarantine list shows those that have.")
        if len(found) > 1:
            raise QuarantineError(f"{len(found)} batches begin with {name}: give more of the id.")
        return found[0]

    def discards(self) -> list[Discard]:
        """Everything that was destroyed, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(discard).order_by(discard.c.number)).all()
        return [
            Discard(row.at, row.batch_id, row.table_name, row.row_count, row.reason, row.certificate) for row in rows
        ]

    def discarded(self, batch: Batch, rows: int, reason: str | None, certificate: str) -> Discard:
        """Write that rows of a batch are destroyed."""
        line = Discard(stamp(self._ledger.now()), batch.batch_id, batch.table, rows, reason, certificate)
        self._write(line)
        return line

    def erased(self, table: str, batch_id: str, rows: int, erasure: str, certificate: str) -> None:
        """Write that rows of a batch go with a person; an erasure that is done again writes it once."""
        reason = f"erasure:{erasure}"
        if any(one.batch_id == batch_id and one.reason == reason for one in self.discards()):
            return
        self._write(Discard(stamp(self._ledger.now()), batch_id, table, rows, reason, certificate))

    def _write(self, line: Discard) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                insert(discard).values(
                    at=line.at, batch_id=line.batch_id, table_name=line.table, row_count=line.rows, reason=line.reason,
                    certificate=line.certificate,
                )
            )  # fmt: skip


class _History:
    """The kept batches, by what is asked of them for each."""

    def __init__(self, batches: Sequence[Batch], discards: Sequence[Discard]) -> None:
        self._known = {one.batch_id: one for one in batches}
        self._discards: dict[str, list[Discard]] = defaultdict(list)
        self._replays: dict[str, list[Batch]] = defaultdict(list)
        self._same: dict[tuple[str, str, str], Batch] = {}
        for line in discards:
            self._discards[line.batch_id].append(line)
        for one in batches:
            if one.state != "published":
                continue
            if one.replay_of:
                self._replays[one.replay_of].append(one)
            self._same[one.source, one.table, one.content_hash] = one

    def standing(self, batch: Batch) -> Standing:
        # A batch that the gate rejected may be taken again: what was done before that concerned other files.
        gone = sum(one.rows for one in self._discards[batch.batch_id] if one.at >= batch.taken_at)
        again = self._replays[batch.batch_id]
        replayed = sum(one.counts.rows_read for one in again if one.counts)
        quarantined = batch.counts.quarantined if batch.counts else 0
        replays = tuple(one.batch_id for one in again)
        return Standing(batch, quarantined, gone, replayed, replays, self._superseded(batch))

    def _superseded(self, batch: Batch) -> str | None:
        """The last published batch of the same content, taken after this one (or after what this one replays)."""
        root = batch
        while root.replay_of in self._known:
            root = self._known[root.replay_of]
        newest = self._same.get((root.source, root.table, root.content_hash))
        return newest.batch_id if newest and newest.taken_at > root.taken_at else None

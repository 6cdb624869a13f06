"""Destroys refused rows for good, with a line in the ledger of how many there were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingestion.errors import QuarantineError
from ingestion.ledger import Ledger
from ingestion.locks import INTAKE, locked
from ingestion.quarantine_ledger import Discard, QuarantineLedger
from ingestion.sealed_rows import Sealed, SealedRows


def refused_for(reason: str | None) -> Callable[[Sealed], bool]:
    """Whether a row was refused for `reason`, a code (`bad_type`) or a code and column (`bad_type:price`)."""

    def wanted(one: Sealed) -> bool:
        return reason is None or any(reason in (why, why.split(":", 1)[0]) for why in one.reasons)

    return wanted


def discard(
    name: str,
    *,
    ledger: Ledger,
    quarantine: Path,
    locks: Path,
    reason: str | None = None,
    before: Callable[[str, int], None] = lambda *_: None,
    lock_timeout: float = 10.0,
) -> Discard:
    """Destroy what is left of the refused rows of the batch `name`, or of those refused for `reason`.

    `before` is called with the batch and the number of rows when nothing has been done yet; what it raises stops
    all. Killed anywhere, either all of the rows are there and no line, or the line is there and the next command
    ends what was begun. Raises `QuarantineError` (no such batch, no such row).
    """
    standings = QuarantineLedger(ledger)
    with locked(locks, [INTAKE], lock_timeout):
        standing = standings.find(name)
        batch = standing.batch
        rows = SealedRows(quarantine, batch.table, batch.batch_id)
        rows.settle(standing.left)
        wanted = refused_for(reason)
        number, certificate = rows.certificate(wanted)
        if not number:
            raise QuarantineError(
                f"{batch.table}: batch {batch.batch_id[:12]} has no refused row left"
                + (f" of reason {reason}." if reason else ".")
            )
        before(batch.batch_id, number)
        rows.begin_removal(wanted)
        line = standings.discarded(batch, number, reason, certificate)
        rows.settle(standing.left - number)
        return line

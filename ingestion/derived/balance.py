"""The equation of derived rows: rows of a part = rows of the derived table + rows that filters left out, by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.derived.account import Account
from ingestion.derived.batch import DerivedBatch
from ingestion.derived.plan import Inputs, Plan, Rows
from ingestion.derived.records import Record
from ingestion.derived.report import PartReport
from ingestion.derived.shape import Part
from ingestion.errors import UnbalancedBatch
from ingestion.ledger import Counts


def counts_of(table: str, plan: Plan, one: DerivedBatch, accounts: Mapping[str, Account], after: Rows) -> Counts:
    """The batch's counts: read in the input, written in the derived table. Raises `UnbalancedBatch`."""
    read, account = plan.todo[one.part][one.input_batch], accounts.get(one.input_batch, Account())
    if account.rows != read:
        raise UnbalancedBatch(
            f"{table}: {read} rows of {one.part} became {account.rows} by joining: nothing was published; "
            "this is a defect of the hub."
        )
    left_out = dict(account.left_out)
    counts = Counts(read, after.get(one.batch_id, 0), sum(left_out.values()), 0, left_out)
    counts.check(table)
    return counts


def check_whole(table: str, plan: Plan, new: Sequence[DerivedBatch], after: Rows) -> None:
    """Every batch that was kept is whole, and nothing else is there. Raises `UnbalancedBatch`."""
    kept = {one.batch_id for one in plan.keep}
    others = after.keys() - kept - {one.batch_id for one in new}
    if others or any(after.get(batch, 0) != plan.held.get(batch, 0) for batch in kept):
        raise UnbalancedBatch(
            f"{table}: batches that were to stay as they were did not: nothing was published; "
            "this is a defect of the hub."
        )


def record_of(
    parts: Sequence[Part], inputs: Inputs, one: DerivedBatch, plan: Plan, accounts: Mapping[str, Account]
) -> Record:
    """Where the batch came from, kept for the next run."""
    account = accounts.get(one.input_batch, Account())
    sizes = {batch: rows for several in inputs.carried.values() for batch, rows in several.items()}
    return Record(
        batch_id=one.batch_id,
        table=one.contract.table,
        part=one.part,
        input_batch=one.input_batch,
        input_rows=plan.todo[one.part][one.input_batch],
        fingerprint=next(part.fingerprint for part in parts if part.name == one.part),
        carried={batch: sizes[batch] for batch in sorted(account.carried)},
        carried_state=inputs.state,
        absent=account.absent,
        split=account.split,
    )


def part_report(name: str, counts: Sequence[Counts], accounts: Sequence[Account]) -> PartReport:
    """The batches of a part together."""
    left_out: dict[str, int] = {}
    for one in counts:
        for reason, rows in one.reasons.items():
            left_out[reason] = left_out.get(reason, 0) + rows
    return PartReport(
        name,
        len(counts),
        sum(one.rows_read for one in counts),
        sum(one.accepted for one in counts),
        left_out,
        sum(one.absent for one in accounts),
        sum(one.split for one in accounts),
    )

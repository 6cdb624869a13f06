"""Watches a batch at the gate: expectations of the contract, then drift; what was found is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.beside import Beside
from ingestion.contract import Contract
from ingestion.drift import Judged, compare
from ingestion.figures import Figure, code_columns, measure
from ingestion.footers import null_counts
from ingestion.gate import Verdict, judge
from ingestion.lake import Lake
from ingestion.ledger import Batch, Counts, Ledger
from ingestion.results import ResultStore


def watch(
    contract: Contract,
    batch_id: str,
    added: DataFrame,
    counts: Counts,
    *,
    lake: Lake,
    ledger: Ledger,
    unique: Sequence[str] = (),
) -> Verdict:
    """The gate's verdict on the rows that a batch added, with what has drifted so far that it stops.

    `unique` are columns of which it was just seen that no two of these rows share them.

    A batch that put refused rows through again is no usual batch: it is not compared, and others not with it.
    """
    mine = ledger.batch(batch_id)
    before = [] if mine is None or mine.replay_of else _before(contract, batch_id, ledger)
    store = ResultStore(ledger.engine)
    version = mine.version if mine else None
    missing = None if version is None else null_counts(lake.table(contract.table).path, version, counts.accepted)
    with Beside(added.sparkSession) as beside:
        judging = beside(lambda: judge(contract, added, counts, unique))
        figures = measure(contract, added, _earlier(contract, before, lake), ledger.now().date(), missing)
        verdict = judging.result()
    drifted: list[Judged] = []
    if mine is not None and not mine.replay_of:
        known: dict[tuple[str, str], list[Figure]] = defaultdict(list)
        for results in store.of([one.batch_id for one in before]).values():
            for figure in results.figures:
                known[figure.name, figure.column].append(figure)
        rows = [one.counts.accepted for one in before if one.counts]
        drifted = compare(contract, figures, counts.accepted, rows, known)
    store.keep(batch_id, contract.table, [*verdict.results, *drifted], figures)
    stopped = tuple(f"{one.says}: found {one.found}" for one in drifted if one.outcome == "failed")
    return Verdict(verdict.checks + len(drifted), (*verdict.failed, *stopped), (*verdict.results, *drifted))


def _before(contract: Contract, batch_id: str, ledger: Ledger) -> list[Batch]:
    """The batches that this one is compared with, oldest first: the last ones published, each content once."""
    published = {
        one.content_hash: one
        for one in ledger.batches(table=contract.table, source=contract.source, states=["published"])
        if one.batch_id != batch_id and not one.replay_of
    }
    mine = ledger.batch(batch_id)
    others = [one for content, one in published.items() if mine is None or content != mine.content_hash]
    return others[-contract.drift.over :]


def _earlier(contract: Contract, before: list[Batch], lake: Lake) -> DataFrame | None:
    """Their rows as the published version holds them: by the batch alone, so that only their files are read.

    A table whose rows are replaced is compared as it is, whichever batch its rows came with.
    """
    if len(before) < contract.drift.least or not code_columns(contract) or contract.table not in lake.tables():
        return None
    held = lake.read(contract.table)
    return held if contract.write != "append" else held.where(F.col("batch_id").isin([one.batch_id for one in before]))

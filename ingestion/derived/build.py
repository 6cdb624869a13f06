"""Derives a table: reads inputs at their published versions, writes what is new, moves the pointer, or changes nothing.

Derived batches go through the ledger like any other, one for each part and batch of its input: rows read = accepted +
left out by filters, which stand in the place of those quarantined.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from itertools import count
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.derived.account import count_rows
from ingestion.derived.balance import check_whole, counts_of, part_report, record_of
from ingestion.derived.batch import DerivedBatch, name_of_batch
from ingestion.derived.plan import Inputs, Plan, Rows, by_batch, look, make_plan
from ingestion.derived.records import Records
from ingestion.derived.report import DerivedReport, PartReport
from ingestion.derived.shape import REASON, Part, Shape, fingerprint
from ingestion.effort import measured_effort
from ingestion.errors import IngestionError
from ingestion.lake import Lake
from ingestion.lake_table import LakeTable
from ingestion.ledger import Ledger, Published
from ingestion.locks import locked
from ingestion.prepare import lake_columns, lake_schema
from ingestion.redact import redacted

Progress = Callable[[str, str], None]
"""Called with (table, step) as each step ends: counted, written, published."""

#: Effort is measured in bytes of text: about what a service of 122 columns has.
_BYTES_OF_A_ROW = 600


def _silent(_table: str, _step: str) -> None:
    """Progress nobody watches."""


def derive(
    shape: Shape,
    *,
    spark: SparkSession,
    lake: Lake,
    ledger: Ledger,
    records: Records,
    locks: Path,
    dry_run: bool = False,
    progress: Progress = _silent,
    lock_timeout: float = 10.0,
) -> DerivedReport:
    """Bring one derived table up to what its inputs hold; twice changes nothing, killed and called again converges.

    Batches of the inputs that are new are appended; those that were replaced, taken back or lost rows are taken out,
    and derived again as they are now. Raises an `IngestionError`; what was published before stays as it was.
    """
    started = time.monotonic()
    with locked(locks, [shape.table], lock_timeout):
        pointers = {pointer.table: pointer for pointer in ledger.pointers()}
        versions = {table: pointers[table].version for table in shape.inputs if table in pointers}
        parts = tuple(part for part in shape.parts if part.table in versions)
        if not parts or not set(list(shape.keys)[:1]) <= versions.keys():
            return DerivedReport(shape.table, "waiting")
        run = _Run(lake, ledger, records, shape, parts, versions, progress)
        size = _BYTES_OF_A_ROW * max(pointers[table].row_count for table in versions)
        with measured_effort(spark, size, shape.table):
            report = run.dry() if dry_run else run.through()
    return replace(report, seconds=round(time.monotonic() - started, 3))


@dataclass(frozen=True)
class _Run:
    """One run for one table; `versions` are those that the inputs are read at."""

    lake: Lake
    ledger: Ledger
    records: Records
    shape: Shape
    parts: tuple[Part, ...]
    versions: Mapping[str, int]
    progress: Progress

    @property
    def name(self) -> str:
        return self.shape.table

    @property
    def contract(self) -> Contract:
        return self.shape.contract

    @property
    def table(self) -> LakeTable:
        return self.lake.table(self.name)

    def sign(self, plan: Plan) -> str:
        """Stands for the versions of the inputs; another when the ledger knows what it would name, a restored table's.

        A run that was killed has the same sign again.
        """
        for turn in count():
            sign = fingerprint(table=self.name, versions=dict(self.versions), turn=turn)
            new = (DerivedBatch.of(self.contract, part, sign, batch)
                   for part in self.parts for batch in plan.todo[part.name])  # fmt: skip
            if not any(one.batch_id in plan.published for one in new):
                break
        return sign

    def read(self, table: str) -> DataFrame:
        return self.lake.table(table).read(self.versions[table])

    def dry(self) -> DerivedReport:
        """Say what would be done."""
        plan, _ = self._plan()
        parts = tuple(
            PartReport(name, len(todo), sum(todo.values()), 0, {}, 0, 0) for name, todo in plan.todo.items() if todo
        )
        state = "unchanged" if plan.nothing else "planned"
        return DerivedReport(self.name, state, parts, len(plan.keep), len(plan.stale), sum(plan.held.values()))

    def through(self) -> DerivedReport:
        """Do it."""
        pointer = self.ledger.published(self.name)
        self._recover(pointer)
        plan, inputs = self._plan()
        if plan.nothing and pointer is not None:
            self.records.put(plan.renewed)
            return DerivedReport(self.name, "unchanged", (), len(plan.keep), 0, sum(plan.held.values()), pointer)
        try:
            return self._publish(plan, inputs, self.sign(plan))
        except BaseException:
            with suppress(IngestionError, OSError):
                self._recover(pointer)
            raise

    def _recover(self, pointer: int | None) -> None:
        """Take back what a run that ended early has written."""
        if self.table.take_back(pointer):
            self.progress(self.name, "taken back")
        for batch in self.ledger.batches(table=self.name, states=["written", "passed"]):
            self.ledger.reopen(batch.batch_id, self.name)

    def _plan(self) -> tuple[Plan, Inputs]:
        with redacted("looking at the inputs", self.name):
            inputs = look(self.shape, self.parts, self.read)
            held: Rows = {}
            records = self.records.of(self.name)
            pointer = self.ledger.published(self.name)
            if pointer is not None:
                published = self.table.read(pointer)
                held = by_batch(published)
                # Where a column has another type now, rows of both cannot lie in one table: all are derived again.
                records = [] if _clash(published, self.contract) else records
            accepted = {
                batch.batch_id: batch.counts.accepted
                for batch in self.ledger.batches(table=self.name, states=["published"])
                if batch.counts is not None
            }

            def recount(name: str, batches: Sequence[str]) -> dict[str, tuple[int, int]]:
                part = next(one for one in self.parts if one.name == name)
                rows = part.frame(self.read, inputs.split).where(F.col("batch_id").isin(*batches))
                accounts = count_rows({name: rows})[name]
                return {batch: (one.absent, one.split) for batch, one in accounts.items()}

            plan = make_plan(self.parts, inputs, records, held, accepted, recount)
        self.progress(self.name, "counted")
        return plan, inputs

    def _publish(self, plan: Plan, inputs: Inputs, sign: str) -> DerivedReport:
        started = time.monotonic()
        period = self.contract.period.column if self.contract.period else None
        self.table.create(lake_schema(self.contract), ["batch_id", *([period] if period else [])])
        batches: dict[str, list[DerivedBatch]] = {}
        rows: dict[str, DataFrame] = {}
        frames = []
        with redacted("deriving", self.name):
            for part in self.parts:
                if not (todo := list(plan.todo[part.name])):
                    continue
                batches[part.name] = [DerivedBatch.of(self.contract, part, sign, batch) for batch in todo]
                for one in batches[part.name]:
                    self.ledger.take(one, sign)
                rows[part.name] = part.frame(self.read, inputs.split).where(F.col("batch_id").isin(*todo))
                frames.append(_kept(rows[part.name], self.contract, part, sign))
            accounts = count_rows(rows)
            version = self._write(plan, frames, sign)
            after = by_batch(self.table.read(version))
        self.progress(self.name, "written")
        parts, records = [], []
        for name, mine in batches.items():
            counts = [counts_of(self.name, plan, one, accounts[name], after) for one in mine]
            for one, each in zip(mine, counts, strict=True):
                self.ledger.written(one.batch_id, self.name, version, each, round(time.monotonic() - started, 3))
                records.append(record_of(self.parts, inputs, one, plan, accounts[name]))
            parts.append(part_report(name, counts, list(accounts[name].values())))
        new = [one for mine in batches.values() for one in mine]
        check_whole(self.name, plan, new, after)
        for one in new:
            self.ledger.passed(one.batch_id, self.name, version, round(time.monotonic() - started, 3))
        # Before the pointer: a record counts only once the ledger says that its batch is published.
        self.records.put([*plan.renewed, *records])
        self.ledger.move(self._pointers(version, new, sign))
        self.records.forget(set(plan.stale) - {one.batch_id for one in new})
        self.progress(self.name, "published")
        rows_now = sum(after.values())
        return DerivedReport(
            self.name, "published", tuple(parts), len(plan.keep), len(plan.stale), rows_now, version
        )  # fmt: skip

    def _write(self, plan: Plan, frames: Sequence[DataFrame], sign: str) -> int:
        """What goes, batch by batch, and what comes, at once: versions beyond the pointer, published together."""
        table = self.table
        nothing = table.read(table.version()).where(F.lit(False))
        frame = reduce(DataFrame.unionByName, frames) if frames else nothing
        if plan.stale and not plan.keep:
            table.replace(frame, sign)
            return table.version()
        for old in plan.stale:
            table.append(nothing, sign, instead_of=[old])
        if frames:
            table.append(frame, sign)
        return table.version()

    def _pointers(self, version: int, new: Sequence[DerivedBatch], sign: str) -> list[Published]:
        """The one pointer, told for each batch so that all of them become published with it."""
        period = self.contract.period.column if self.contract.period else None
        wanted = [F.count(F.lit(1))]
        if period:
            wanted += [F.min(period).cast("date").cast("string"), F.max(period).cast("date").cast("string")]
        with redacted("measuring the table", self.name):
            values = tuple(self.table.read(version).agg(*wanted).collect()[0])
        first, last = (values[1], values[2]) if period else (None, None)
        names = [one.batch_id for one in new] or [sign]
        return [Published(self.name, version, batch, int(values[0]), first, last, "") for batch in names]


def _kept(rows: DataFrame, contract: Contract, part: Part, sign: str) -> DataFrame:
    """The rows that stay, with every column of the derived table, under their batch's name."""
    schema = lake_schema(contract)
    columns = [
        F.col(name) if name in rows.columns else F.lit(None).cast(schema[name]).alias(name)
        for name in lake_columns(contract)
        if name != "batch_id"
    ]
    return rows.where(F.col(REASON).isNull()).select(*columns, name_of_batch(contract, part, sign).alias("batch_id"))


def _clash(published: DataFrame, contract: Contract) -> bool:
    schema = lake_schema(contract)
    return any(schema.get(one.name, one.dataType.simpleString()) != one.dataType.simpleString()
               for one in published.schema.fields)  # fmt: skip

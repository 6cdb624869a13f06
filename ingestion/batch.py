"""A batch on its way: read, prepared, sorted out, written as one Delta version, refused rows sealed, rows counted."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.drop import TakenTable
from ingestion.duplicates import Sorted, sort_out
from ingestion.lake_table import LakeTable
from ingestion.ledger import Counts
from ingestion.prepare import GROUP, REASONS, Prepared, Scrub, lake_schema, prepare
from ingestion.quarantine import Quarantine
from ingestion.redact import redacted
from ingestion.references import Parents
from ingestion.sources import reader_of
from pseudonymization.keystore import KeyStore

STAGE = "batch-"
"""Start of the names of folders that hold staged batches."""
_SORTABLE = ("date", "timestamp", "int", "long")


@dataclass(frozen=True)
class Outcome:
    """What a batch became: its Delta version and its counts; `prepared` stays readable until the drop ends."""

    version: int
    counts: Counts
    prepared: Prepared


class Workshop:
    """Everything that batches of one drop share."""

    def __init__(
        self,
        spark: SparkSession,
        keystore: KeyStore,
        quarantine: Quarantine,
        sealed_tmp: Path,
        scrub: Callable[[Contract], Scrub | None],
        parents: Parents | None = None,
    ) -> None:
        self.spark, self.keystore, self.quarantine = spark, keystore, quarantine
        self._scrub, self._parents = scrub, parents
        self._tmp = sealed_tmp / f"batch-{uuid.uuid4().hex}"
        self._staged: dict[str, Prepared] = {}

    def arrived(self, taken: TakenTable) -> DataFrame:
        """What the reader delivers, with what is known of absent parents."""
        frame = reader_of(taken.contract).read(self.spark, taken)
        return self._parents.mark(frame, taken.contract) if self._parents else frame

    def prepare(self, taken: TakenTable) -> Prepared:
        """The batch, as it was staged if it was, else prepared and not yet read; text is left as it came."""
        if taken.batch_id in self._staged:
            return self._staged[taken.batch_id]
        return prepare(self.arrived(taken), taken.contract, taken.batch_id, spark=self.spark, keystore=self.keystore)

    def run(self, taken: TakenTable, table: LakeTable, *, instead_of: str | None = None) -> Outcome:
        """Write the batch as a new version of its table. Raises `EngineError`, `StorageFull`, `UnbalancedBatch`."""
        contract = taken.contract
        table.create(lake_schema(contract), statistics(contract))
        with redacted("reading and writing the batch", contract.table):
            prepared = prepare(
                self.arrived(taken), contract, taken.batch_id, spark=self.spark, keystore=self.keystore,
                scrub=self._scrub(contract),
            )  # fmt: skip
            if is_staged(contract):
                prepared = self._staged[taken.batch_id] = prepared.over(self._stage(prepared.frame, contract.table))
                sorted_ = sort_out(prepared)
            else:
                sorted_ = sort_out(prepared, lambda shared: self._suspects(taken, shared))
            return self._write(taken, prepared, sorted_, table, instead_of)

    def clear(self) -> None:
        """Remove what was staged."""
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _suspects(self, taken: TakenTable, shared: DataFrame) -> DataFrame:
        """The few lines that are refused or share a key, staged: what judges them reads them several times."""
        suspects = prepare(
            self.arrived(taken), taken.contract, taken.batch_id, spark=self.spark, keystore=self.keystore, shared=shared
        )  # fmt: skip
        return self._stage(suspects.frame, taken.contract.table)

    def _stage(self, frame: DataFrame, name: str) -> DataFrame:
        """Write prepared lines once, in the sealed zone: lake columns and encrypted rows, nothing in clear."""
        place = str(self._tmp / name)
        frame.write.mode("overwrite").parquet(place)
        return self.spark.read.schema(frame.schema).parquet(place)

    def _write(
        self, taken: TakenTable, prepared: Prepared, sorted_: Sorted, table: LakeTable, instead_of: str | None
    ) -> Outcome:
        contract, batch_id = taken.contract, taken.batch_id
        accepted = sorted_.accepted.select(*prepared.lake_columns)
        if contract.write == "upsert":
            commit = table.upsert(accepted, batch_id, contract.lake_key)
            # A merge counts what it rewrote, not what it was given; a first load is no merge.
            written = accepted.count() if commit.operation == "MERGE" else commit.rows_written
        elif contract.write == "replace":
            commit = table.replace(accepted, batch_id)
            written = commit.rows_written
        else:
            commit = table.append(accepted, batch_id, instead_of=instead_of)
            written = commit.rows_written
        if written is None:
            written = table.read(commit.version).where(F.col("batch_id") == batch_id).count()
        rows_read = taken.total("rows")
        quarantined, reasons = 0, dict[str, int]()
        if rows_read != written + sorted_.duplicates:
            quarantined, reasons = self.quarantine.write(sorted_.refused, contract.table, batch_id)
        counts = Counts(rows_read, written, quarantined, sorted_.duplicates, reasons)
        counts.check(contract.table)
        return Outcome(commit.version, counts, prepared)


def is_staged(contract: Contract) -> bool:
    """Whether a batch is worth writing twice: a merge, a register and clean text would each be computed again."""
    return contract.write == "upsert" or bool(contract.registers) or bool(contract.text_columns)


def groups(prepared: Prepared) -> DataFrame:
    """The register's groups of keys, as `pseudonymization.links.learn` takes them."""
    good = prepared.frame.where((F.col(REASONS) == "") & F.col(GROUP).isNotNull())
    return good.select(F.col(GROUP).alias("keys"))


def statistics(contract: Contract) -> list[str]:
    """The columns whose extremes Delta may log: the batch and dates. Keys and text stay out of the log."""
    period = contract.period.column if contract.period else None
    kept = [period] if period and contract.columns[period].type in _SORTABLE else []
    return ["batch_id", *kept]

"""A batch on its way: read, prepared, sorted out, written as one Delta version, refused rows sealed, rows counted."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.again import Fetched
from ingestion.beside import Beside
from ingestion.code_lists import CodeLists
from ingestion.contract import Contract
from ingestion.duplicates import Sorted, sort_out
from ingestion.errors import UnbalancedBatch
from ingestion.expressions import Expressions
from ingestion.footers import places
from ingestion.key_sketch import repeated_rows
from ingestion.lake_table import LakeTable
from ingestion.ledger import Counts
from ingestion.places import ROW
from ingestion.prepare import DELETED, GROUP, NOTICED, REASONS, Prepared, Scrub, lake_schema, prepare
from ingestion.quarantine import Quarantine
from ingestion.quarantine_lines import locate
from ingestion.redact import redacted
from ingestion.references import Parents
from ingestion.replay import Replaced
from ingestion.sources import reader_of, spreading
from ingestion.straight import Twins, compare_keys, good_rows, places_of, refused_rows, repeated_keys
from ingestion.strategies import Put, put
from ingestion.surprises import SURPRISE, noticed_in_headers, refuses_by_header
from ingestion.taken import Delivered, TakenTable
from pseudonymization.keystore import KeyStore

STAGE = "batch-"
"""Start of the names of folders that hold staged batches."""
_SORTABLE = ("date", "timestamp", "int", "long")


@dataclass(frozen=True)
class Outcome:
    """What a batch became: its Delta version and its counts.

    `unique` are the columns that no two of its written rows share, where that was looked at.
    """

    version: int
    counts: Counts
    unique: tuple[str, ...] = ()


class Workshop:
    """Everything that batches of one drop share."""

    def __init__(
        self,
        spark: SparkSession,
        keystore: KeyStore,
        quarantine: Quarantine,
        sealed_tmp: Path,
        scrub: Callable[[Contract], Scrub | None],
        codes: CodeLists,
        parents: Parents,
    ) -> None:
        self.spark, self.keystore, self.quarantine = spark, keystore, quarantine
        self._scrub, self._codes, self._parents = scrub, codes, parents
        self._tmp = sealed_tmp / f"batch-{uuid.uuid4().hex}"
        self._staged: dict[str, Prepared] = {}
        self._expressions: dict[str, Expressions] = {}

    def arrived(self, taken: TakenTable) -> DataFrame:
        """What the reader delivers, with what is known of its codes and its parents where the contract asks."""
        contract, frame = taken.contract, self._read(taken)
        if refuses_by_header(contract) and SURPRISE not in frame.columns:
            # Only CSV that is read by lines has headers that can surprise.
            frame = frame.withColumn(SURPRISE, F.lit(None).cast("string"))
        return self._parents.mark(self._codes.mark(frame, contract), contract)

    def _read(self, taken: TakenTable) -> DataFrame:
        return reader_of(taken.contract).read(self.spark, taken)

    def _delivered(self, taken: TakenTable) -> Delivered:
        """How many rows there are to account for, known before any is written. Raises `UnbalancedBatch`."""
        counting = spreading(taken.contract)
        if counting is None:
            return Delivered(taken.total("rows"))
        found = counting.count(self.spark, taken)
        if found.resources != taken.total("rows"):
            raise UnbalancedBatch(
                f"{taken.contract.table}: {taken.total('rows')} resources were taken in and the engine finds "
                f"{found.resources}: nothing was published; this is a defect of the hub."
            )
        return found

    def prepare(self, taken: TakenTable) -> Prepared:
        """The batch, as it was staged if it was, else prepared and not yet read; text is left as it came."""
        if taken.batch_id in self._staged:
            return self._staged[taken.batch_id]
        return self._prepared(self.arrived(taken), taken.contract, taken.batch_id)

    def run(self, taken: TakenTable, table: LakeTable, *, instead_of: Replaced | None = None) -> Outcome:
        """Write the batch as a new version of its table. Raises `EngineError`, `StorageFull`, `UnbalancedBatch`."""
        contract = taken.contract
        table.create(lake_schema(contract), statistics(contract))
        with redacted("reading and writing the batch", contract.table):
            arrived = self.arrived(taken)
            # Rows of one resource share a line: the lines that need a second look could not be told from the others.
            if ROW in arrived.columns and not is_staged(contract) and spreading(contract) is None:
                return self._straight(taken, arrived, table, instead_of)
            return self._by_way_of_a_stage(taken, arrived, table, instead_of)

    def clear(self) -> None:
        """Remove what was staged."""
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _locate(self, taken: TakenTable, among: Sequence[Fetched] | None) -> None:
        """Keep where the refused rows stood; `among` are the lines that were fetched again, if they were."""
        locate(taken, self.quarantine.rows(taken.contract.table, taken.batch_id), self.keystore, among)

    def _sort_out(self, prepared: Prepared) -> Sorted:
        """What becomes of staged rows once they are compared."""
        return sort_out(prepared)

    def _straight(
        self, taken: TakenTable, arrived: DataFrame, table: LakeTable, instead_of: Replaced | None
    ) -> Outcome:
        """Lines are fetched again where they stood; nothing is staged but those."""
        contract, batch_id = taken.contract, taken.batch_id

        def prepared_again(some: TakenTable) -> Prepared:
            return self._prepared(self.arrived(some), contract, batch_id)

        def written_without(twins: Twins) -> tuple[DataFrame, Put, DataFrame]:
            good = good_rows(prepared, twins, self.spark)
            done = put(good.select(*prepared.lake_columns), contract, batch_id, table, instead_of)
            return good, done, table.read(done.version).where(F.col("batch_id") == batch_id)

        def refused_among() -> tuple[DataFrame, Fetched] | None:
            number = taken.total("rows") - done.written - len(twins.left_out)
            if not number:
                return None
            present = places(table.path, done.version, done.written) or places_of(added)
            return refused_rows(taken, present, number, twins, prepared_again, self._stage)

        with Beside(self.spark) as beside:
            # A sketch can be held against what was written, where the lake has the key. One thread reads for it while
            # another makes the expressions, and again while rows are compared.
            sketching = beside(lambda: repeated_rows(taken) if contract.lake_key else None)
            prepared = self._prepared(arrived, contract, batch_id, only_good=True)
            sketch = sketching.result()
            twins = compare_keys(taken, self._read(taken) if sketch is None else sketch, prepared_again, self._stage)
            before = table.version()
            good, done, added = written_without(twins)
            unique = contract.lake_key if sketch is not None else ()
            refusing = beside(refused_among)
            spelt_twice = repeated_keys(added, contract) if unique else 0
            again = refusing.result()
        if spelt_twice:
            # Keys that are spelt in two ways: taken back, and compared as the engine reads them.
            table.take_back(before)
            twins = compare_keys(taken, self._read(taken), prepared_again, self._stage)
            good, done, added = written_without(twins)
            again, unique = refused_among(), ()
        refused, fetched = again or (None, None)
        if twins.conflicts is not None:
            refused = twins.conflicts if refused is None else refused.unionByName(twins.conflicts)
        among = [one for one in (fetched, twins.fetched) if one is not None]
        read = Delivered(taken.total("rows"))
        return Outcome(done.version, self._count(taken, read, done, twins.duplicates, refused, good, among), unique)

    def _by_way_of_a_stage(
        self, taken: TakenTable, arrived: DataFrame, table: LakeTable, instead_of: Replaced | None
    ) -> Outcome:
        """Prepared lines are written once for all that reads them several times."""
        contract, batch_id, read = taken.contract, taken.batch_id, self._delivered(taken)
        prepared = self._prepared(arrived, contract, batch_id, self._scrub(contract))
        prepared = self._staged[batch_id] = prepared.over(self._stage(prepared.frame, contract.table))
        sorted_ = self._sort_out(prepared)
        columns = [*prepared.lake_columns, DELETED] if contract.marks else prepared.lake_columns
        done = put(sorted_.accepted.select(*columns), contract, batch_id, table, instead_of)
        refused = sorted_.refused if read.rows != done.written + sorted_.duplicates else None
        return Outcome(done.version, self._count(taken, read, done, sorted_.duplicates, refused, sorted_.accepted))

    def _count(
        self,
        taken: TakenTable,
        read: Delivered,
        done: Put,
        duplicates: int,
        refused: DataFrame | None,
        accepted: DataFrame,
        among: Sequence[Fetched] | None = None,
    ) -> Counts:
        """Seal the refused lines and make the batch's count. Raises `UnbalancedBatch`."""
        contract = taken.contract
        quarantined, reasons = 0, dict[str, int]()
        if refused is not None:
            quarantined, reasons = self.quarantine.write(refused, contract.table, taken.batch_id)
            self._locate(taken, among)
        counts = Counts(
            read.rows, done.written, quarantined, duplicates, reasons,
            changes=done.changes.told(), noticed=self._noticed(taken, read, accepted),
            resources=read.resources, left_out=read.left_out,
        )  # fmt: skip
        counts.check(contract.table)
        return counts

    def _prepared(
        self,
        arrived: DataFrame,
        contract: Contract,
        batch_id: str,
        scrub: Scrub | None = None,
        only_good: bool = False,
    ) -> Prepared:
        made = self._expressions.get(batch_id)
        if made is None or made.contract is not contract:
            made = self._expressions[batch_id] = Expressions(contract, self.keystore.steps)
        return prepare(
            arrived, contract, batch_id, spark=self.spark, keystore=self.keystore, scrub=scrub, only_good=only_good,
            expressions=made,
        )  # fmt: skip

    def _stage(self, frame: DataFrame, name: str) -> DataFrame:
        """Write prepared lines once, in the sealed zone: lake columns and encrypted rows, nothing in clear."""
        place = str(self._tmp / name)
        frame.write.mode("overwrite").parquet(place)
        return self.spark.read.schema(frame.schema).parquet(place)

    def _noticed(self, taken: TakenTable, read: Delivered, accepted: DataFrame) -> dict[str, int]:
        """What was wrong with rows that were let in; a pass of its own, where a contract lets such rows in."""
        found = Counter(noticed_in_headers(taken))
        found.update({f"unchecked_code:{name}": read.rows for name in self._codes.absent(taken.contract)})
        if NOTICED in accepted.columns:
            for row in accepted.where(F.col(NOTICED) != "").groupBy(NOTICED).count().collect():
                found.update(dict.fromkeys(row[NOTICED].split(","), row["count"]))
        return dict(sorted(found.items()))


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

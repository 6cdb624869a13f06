"""Puts the refused rows of a batch through again, under the contract as it is now, as a batch of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from ingestion.again import Fetched
from ingestion.against_lake import against_lake
from ingestion.batch import Workshop
from ingestion.code_lists import CodeLists
from ingestion.contract import Contract
from ingestion.contract_set import Contracts
from ingestion.drop import Drop, TakenTable
from ingestion.duplicates import Sorted
from ingestion.errors import GateFailed, QuarantineError
from ingestion.ingest import Folders, Progress, _silent, take_through
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from ingestion.locks import INTAKE, locked
from ingestion.notes import scrubber_of
from ingestion.prepare import Prepared, Scrub
from ingestion.quarantine import Quarantine
from ingestion.quarantine_ledger import QuarantineLedger, Standing
from ingestion.quarantine_lines import carry
from ingestion.records import MALFORMED, REFUSED
from ingestion.references import Parents
from ingestion.reports import Learnt, TableReport, report_of
from ingestion.sql_on_fhir.spread import TOO_DEEP
from ingestion.table_rules import QuarantineShare, RowCount
from ingestion.taken import Delivered
from pseudonymization.identities import IdentityTable
from pseudonymization.keystore import KeyStore
from pseudonymization.text.own import OwnRecognizers

Scrubs = Callable[[Contract], Scrub | None]


@dataclass(frozen=True)
class RefusedTable(TakenTable):
    """Refused rows as a table of a drop: `rows` of them, `seal` the certificate of what lies in the quarantine."""

    rows: int = 0
    seal: str = ""

    @property
    def content_hash(self) -> str:
        """Names the batch that they come from and the very rows: the same replay is the same batch."""
        return hashlib.sha256(f"replay\n{self.replay_of}\n{self.seal}".encode()).hexdigest()

    def total(self, name: str) -> int:
        """Their number under `rows`; nothing else is known of them."""
        return self.rows if name == "rows" else 0


class ReplayWorkshop(Workshop):
    """A workshop whose rows come from the quarantine, and are compared with what the lake holds by now."""

    def __init__(
        self,
        spark: SparkSession,
        keystore: KeyStore,
        quarantine: Quarantine,
        sealed_tmp: Path,
        notes: Scrubs,
        lake: Lake,
        contracts: Contracts,
    ) -> None:
        parents = Parents(contracts, lake, {}, self._read)
        super().__init__(spark, keystore, quarantine, sealed_tmp, notes, CodeLists(lake, contracts), parents)
        self._lake = lake

    def _read(self, taken: TakenTable) -> DataFrame:
        # As they were read then; columns that the contract did not have are empty.
        contract = taken.contract
        opened = self.quarantine.open(contract.table, taken.replay_of or "", self.keystore)
        row = F.from_json(F.col("row"), _schema(contract))
        # What a reader refused whole is refused for the same again: its drop must be read anew.
        refused = F.when(F.array_contains("reasons", TOO_DEEP), F.lit(TOO_DEEP))
        return opened.select(row.alias("row"), refused.alias(REFUSED)).select("row.*", REFUSED)

    def _delivered(self, taken: TakenTable) -> Delivered:
        # They are rows already, whatever their resources gave.
        return Delivered(taken.total("rows"))

    def _locate(self, taken: TakenTable, _among: Sequence[Fetched] | None) -> None:
        # No line is read anew: where a row stood is known from when it was refused.
        before = self.quarantine.rows(taken.contract.table, taken.replay_of or "")
        after = self.quarantine.rows(taken.contract.table, taken.batch_id)
        carry(before, after, taken.contract, self.keystore)

    def _sort_out(self, prepared: Prepared) -> Sorted:
        sorted_, name = super()._sort_out(prepared), prepared.contract.table
        if name not in self._lake.tables():
            return sorted_
        accepted = self._stage(sorted_.accepted, f"{name}-accepted")
        return against_lake(sorted_, accepted, prepared, self._lake.read(name))


def replay(
    name: str,
    *,
    spark: SparkSession,
    lake: Lake,
    ledger: Ledger,
    keystore: KeyStore,
    contracts: Contracts,
    folders: Folders,
    progress: Progress = _silent,
    lock_timeout: float = 10.0,
    own: OwnRecognizers | None = None,
) -> tuple[TableReport, Learnt]:
    """Put what is left of the refused rows of the batch `name` (its id, or the start of it) through again.

    What passes now is published once; what does not is refused again, under the replay's batch. Called twice, the
    second changes nothing; killed anywhere and called again, it converges. The table's expectations hold for the
    rows that pass, except the row count and the share refused, which say nothing of a selection of bad rows.
    Raises `QuarantineError` (no such batch, rejected, superseded, replaced since) and what `ingest_drop` raises.
    """
    quarantine = Quarantine(spark, folders.quarantine)
    with locked(folders.locks, [INTAKE], lock_timeout):
        standings = QuarantineLedger(ledger)
        standing = standings.find(name)
        batch = standing.batch
        rows = quarantine.rows(batch.table, batch.batch_id)
        rows.settle(standing.left)
        if not standing.left:
            return _nothing_left(standing, ledger), Learnt()
        contract = contracts[batch.table]
        _check(standing, ledger, contract)
        CodeLists(lake, contracts).check(contract)
        for one, _ in rows.opened(keystore):
            # Every row must open before any is moved: what Spark could not open would come in empty.
            if any(reason.startswith("new_column") for reason in one.reasons):
                raise QuarantineError(
                    f"{batch.table}: rows of batch {batch.batch_id[:12]} came with a column that the contract did not "
                    "know and that was not kept with them: ingest their drop again under the new version (--replay)."
                )
        _, seal = rows.certificate()
        taken = RefusedTable(_selected(contract), (), standing.left, seal, replay_of=batch.batch_id)
        identity_table = IdentityTable(spark, folders.identities, keystore.derive("identity"))
        workshop = ReplayWorkshop(
            spark, keystore, quarantine, folders.sealed_tmp, scrubber_of(identity_table, own), lake, contracts
        )  # fmt: skip
        try:
            (report,), learnt = take_through(
                Drop(batch.source, folders.intake, (taken,), 0), workshop, identity_table, lake=lake, ledger=ledger,
                folders=folders, progress=progress, lock_timeout=lock_timeout,
            )  # fmt: skip
        except GateFailed:
            # The rows are where they were; the rejected replay's copy of some of them is not wanted.
            quarantine.discard(batch.table, taken.batch_id)
            raise
        rows.settle(standings.find(batch.batch_id).left)
        return report, learnt


def _selected(contract: Contract) -> Contract:
    """The contract as it holds for a selection of rows: they are added, and their number says nothing."""
    rules = tuple(rule for rule in contract.table_rules if not isinstance(rule, RowCount | QuarantineShare))
    write = "append" if contract.write == "snapshot" else contract.write
    return contract.model_copy(update={"table_rules": rules, "write": write})


def _check(standing: Standing, ledger: Ledger, contract: Contract) -> None:
    batch = standing.batch
    short = batch.batch_id[:12]
    if batch.state != "published":
        raise QuarantineError(
            f"{batch.table}: batch {short} was rejected as a whole: correct the source or the contract and ingest "
            "its drop again."
        )
    if standing.superseded_by:
        raise QuarantineError(
            f"{batch.table}: the content of batch {short} was read anew as batch {standing.superseded_by[:12]}: "
            "put the refused rows of that one through again."
        )
    if contract.write != "snapshot":
        return
    root = batch
    while root.replay_of and (before := ledger.batch(root.replay_of)):
        root = before
    pointer = ledger.pointer(batch.table)
    if pointer is None or pointer.batch_id not in {root.batch_id, *(o.batch_id for o in ledger.replays(root.batch_id))}:
        raise QuarantineError(
            f"{batch.table}: a later drop has replaced the whole table since batch {short}: its refused rows can be "
            "shown and discarded."
        )


def _nothing_left(standing: Standing, ledger: Ledger) -> TableReport:
    """What the last replay of the rows did."""
    batch = standing.batch
    if not standing.replays:
        raise QuarantineError(f"{batch.table}: nothing is left of the refused rows of batch {batch.batch_id[:12]}.")
    return report_of(ledger, standing.replays[-1], batch.table, "published")


def _schema(contract: Contract) -> StructType:
    several = ArrayType(StringType())
    fields = [
        StructField(name, several if column.type == "strings" else StringType())
        for name, column in contract.columns.items()
    ]
    return StructType([*fields, StructField(MALFORMED, StringType())])

"""Takes a person out of the sealed zone: rows in quarantine, and what the identity table says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from ingestion import delta_log
from ingestion.contract import Contract
from ingestion.delta_snapshot import delete_files
from ingestion.delta_snapshot import others as other_files
from ingestion.erasing.erasure import LONG_ENOUGH, Erasure
from ingestion.erasing.match import GONE, seen_as_arrived, theirs, wanted_of
from ingestion.lake_history import contract_of
from ingestion.quarantine import Quarantine
from ingestion.quarantine_ledger import QuarantineLedger
from ingestion.redact import redacted
from ingestion.sealed_rows import SealedRows
from ingestion.sources.csv import MALFORMED
from pseudonymization.chosen import chosen, with_chosen
from pseudonymization.digest import secret_of, with_keys, without_keys
from pseudonymization.keystore import KeyStore

_NEW, _OLD = ".new", ".old"
ROW = "__row"
"""A row of quarantine in clear, beside the columns that it was made of."""


def places(folder: Path) -> Iterator[tuple[str, str]]:
    """(table, batch) of everything in quarantine; a rewriting that was killed is put right first."""
    for table in sorted(path for path in folder.iterdir() if path.is_dir()):
        for left in sorted(table.glob(f".*{_OLD}")):
            place = table / left.name[1 : -len(_OLD)]
            if place.exists():
                shutil.rmtree(left)
            else:
                left.rename(place)
        for left in table.glob(f".*{_NEW}"):
            shutil.rmtree(left)
        for place in sorted(table.iterdir()):
            # Beside a batch may stand what a discard was killed at: that is settled before anything is erased.
            if place.is_dir() and not place.suffix and any(place.glob("*.parquet")):
                yield table.name, place.name


def arrived_rows(spark: SparkSession, folder: Path, contract: Contract, batch_id: str, keystore: KeyStore) -> DataFrame:
    """A batch's refused rows as they arrived, each with the row of quarantine that it stands in (`__row`)."""
    opened = Quarantine(spark, folder).open(contract.table, batch_id, keystore)
    kinds = {name: ArrayType(StringType()) if one.type == "strings" else StringType()
             for name, one in contract.columns.items()}  # fmt: skip
    schema = StructType([StructField(name, kind) for name, kind in kinds.items()] + [
        StructField(MALFORMED, StringType())
    ])  # fmt: skip
    parsed = opened.withColumn("__document", F.from_json("row", schema))
    return parsed.select("__document.*", F.col("row").alias(ROW))


def theirs_in_quarantine(
    spark: SparkSession, folder: Path, contract: Contract, batch_id: str, contracts: Mapping[str, Contract],
    erasure: Erasure, keystore: KeyStore,
) -> DataFrame:  # fmt: skip
    """`__row` of the refused rows in which the person has any role, or unreadable ones with one of their numbers."""
    arrived = arrived_rows(spark, folder, contract, batch_id, keystore)
    seen = seen_as_arrived(arrived, contract, wanted_of(contracts, contract), spark, keystore)
    unread = seen.where(F.col(MALFORMED).isNotNull())
    found = naming(unread, erasure, spark, F.col(ROW)).select(ROW)
    for person in contract.persons:
        found = found.union(theirs(seen, person, contracts, erasure, spark).select(ROW))
    return found.distinct()


def naming(frame: DataFrame, erasure: Erasure, spark: SparkSession, text: Column) -> DataFrame:
    """The rows whose `text` holds one of the person's numbers."""
    numbers = [number for number in erasure.numbers if len(number) >= LONG_ENOUGH]
    if not numbers:
        return frame.where(F.lit(False))
    marked = with_chosen(frame, spark, GONE, numbers)
    return marked.where(F.exists(GONE, lambda number: F.contains(text, number))).drop(GONE)


def erase_in_quarantine(
    spark: SparkSession, folder: Path, contracts: Mapping[str, Contract], erasure: Erasure, keystore: KeyStore, *,
    save: Callable[[], None], fault: Callable[[str], None], ledger: QuarantineLedger, dry_run: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Rewrite what holds a row of the person; returns rows by table. Each batch's folder is swapped whole.

    The ledger has a line of it first, as of a discard; where the rows stood in their files goes too.
    """
    if not dry_run:
        for standing in ledger.standings():
            SealedRows(folder, standing.batch.table, standing.batch.batch_id).settle_begun(standing.left)
    counts: dict[str, int] = {}
    for table, batch_id in list(places(folder)):
        contract = contract_of(contracts, table)
        if contract is None:
            continue
        with redacted("looking through quarantine", table):
            gone = theirs_in_quarantine(spark, folder, contract, batch_id, contracts, erasure, keystore)
            rows = gone.count()
        if not rows:
            continue
        counts[table] = counts.get(table, 0) + rows
        if dry_run:
            continue
        place = folder / table / batch_id
        new, old = place.with_name(f".{batch_id}{_NEW}"), place.with_name(f".{batch_id}{_OLD}")
        with redacted("erasing from quarantine", table):
            sealed = spark.read.parquet(str(place))
            # The encrypted row is kept as it is; its plain text only says which rows stay.
            both = _with_plain(sealed, spark, keystore)
            both.join(gone, both["__plain"] == gone[ROW], "left_anti").select("batch_id", "reasons", "row").write.mode(
                "overwrite"
            ).parquet(str(new))
        fault(f"quarantine {table}: rewritten")
        erasure.count(f"quarantine/{table}", batch_id, rows)
        save()
        staying = {one.seal for one in SealedRows(folder, table, new.name)}
        leaving = SealedRows(folder, table, batch_id).certificate(lambda one: one.seal not in staying)  # noqa: B023
        ledger.erased(table, batch_id, leaving[0], erasure.id, leaving[1])
        fault(f"quarantine {table}: told")
        place.rename(old)
        fault(f"quarantine {table}: moved")
        new.rename(place)
        shutil.rmtree(old)
        fault(f"quarantine {table}: cleaned")
    for lines in () if dry_run else sorted(folder.glob("*/*.lines")):
        # Of every batch: a run that was killed may have left the lines of rows that are gone.
        SealedRows(folder, lines.parent.name, lines.stem).forget_lines()
    return counts


def _with_plain(sealed: DataFrame, spark: SparkSession, keystore: KeyStore) -> DataFrame:
    keyed = with_keys(sealed, spark, {"quarantine": keystore.derive("quarantine")})
    plain = F.try_aes_decrypt(
        F.col("row"), secret_of("quarantine"), F.lit("GCM"), aad=F.col("batch_id").cast("binary")
    )  # fmt: skip
    return without_keys(keyed.withColumn("__plain", plain.cast("string")))


def erase_identity(
    spark: SparkSession, path: Path, erasure: Erasure, *, save: Callable[[], None], fault: Callable[[str], None],
    dry_run: bool = False,
) -> int:  # fmt: skip
    """Delete the person's rows of the identity table and every file that an earlier version of it had."""
    if delta_log.latest(path) is None:
        return 0
    with redacted("erasing an identity", "identities"):
        known = chosen(spark, ["gone_key"], [[key] for key in erasure.keys])
        table = DeltaTable.forPath(spark, str(path))
        rows: int = table.toDF().join(known, F.col("person_key") == F.col("gone_key"), "left_semi").count()
        if dry_run:
            return rows
        if rows:
            erasure.count("identities", "", rows)
            save()
            condition = F.col("known.person_key") == F.col("gone.gone_key")
            table.alias("known").merge(known.alias("gone"), condition).whenMatchedDelete().execute()
            fault("identities: removed")
    keep_newest(spark, path)
    fault("identities: cleaned")
    return rows


def keep_newest(spark: SparkSession, path: Path, *, compact: bool = False) -> int:
    """Delete every file that the newest version of the identity table is not made of; returns the bytes freed.

    Nobody goes back to an earlier version of it. The intake lock is held: nothing else reads or writes it then.
    """
    if delta_log.latest(path) is None:
        return 0
    with redacted("tidying", "identities"):
        if compact:
            DeltaTable.forPath(spark, str(path)).optimize().executeCompaction()
        # Its log may be shorter than its life: Delta says which files the newest version is made of.
        files = spark.read.format("delta").load(str(path)).inputFiles()
    base = path.resolve()
    keep = {Path(unquote(urlparse(name).path)).relative_to(base).as_posix() for name in files}
    return delete_files(path, other_files(path, keep))

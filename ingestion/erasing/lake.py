"""Takes a person out of lake tables, and the files of every earlier version with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.delta_snapshot import delete_files, snapshots, superfluous
from ingestion.delta_snapshot import others as other_files
from ingestion.erasing.erasure import Erasure
from ingestion.erasing.match import depth, parent_role, seen_in_lake, theirs, wanted_of
from ingestion.lake import PERSON_LINK, Lake
from ingestion.lake_history import contract_of, measured
from ingestion.lake_table import LakeTable
from ingestion.ledger import Ledger
from ingestion.redact import redacted
from pseudonymization.chosen import chosen

Fault = Callable[[str], None]
Save = Callable[[], None]
_KEY = "person_key"


def lake_tables(lake: Lake, contracts: Mapping[str, Contract]) -> list[str]:
    """The published tables, children first, the links last."""
    names = [name for name in lake.tables() if name != PERSON_LINK]
    names.sort(key=lambda name: (-depth(contracts, name), name))
    return [*names, *([PERSON_LINK] if PERSON_LINK in lake.tables() else [])]


def counted(lake: Lake, contracts: Mapping[str, Contract], table: str, erasure: Erasure) -> tuple[int, int]:
    """Rows that would go from a table, and rows of others that would lose the person in another role."""
    with redacted("looking for a person", table):
        return _counted(lake.read(table), contracts, table, erasure, lake)


def erase_in_lake(
    lake: Lake, ledger: Ledger, contracts: Mapping[str, Contract], table: str, erasure: Erasure, *, save: Save,
    fault: Fault,
) -> None:  # fmt: skip
    """Take the person out of one published table, whose lock is held. Killed anywhere, it is simply called again."""
    pointer = ledger.pointer(table)
    if pointer is None:
        return
    one = lake.table(table)
    one.take_back(pointer.version)
    gone, blanked = counted(lake, contracts, table, erasure)
    if gone or blanked:
        erasure.count(f"lake/{table}", "", gone)
        erasure.count(f"lake/{table} (other role)", "", blanked)
        if table not in erasure.touched:
            erasure.touched.append(table)
        save()
        fault(f"{table}: found")
        with redacted("erasing a person", table), one.signed(f"erase:{erasure.id}"):
            _remove(one, lake, contracts, erasure)
        fault(f"{table}: removed")
        moved = measured(lake, table, one.version(), pointer.batch_id, contract_of(contracts, table))
        ledger.repoint(moved, "erased", gone + blanked)
        fault(f"{table}: published")
    elif table not in erasure.touched and _was_there(one, lake, contracts, erasure):
        erasure.touched.append(table)
        save()
    if table in erasure.touched:
        version = one.version()
        delete_files(one.path, other_files(one.path, snapshots(one.path, [version])[version].keys()))
        fault(f"{table}: cleaned")


def _was_there(one: LakeTable, lake: Lake, contracts: Mapping[str, Contract], erasure: Erasure) -> bool:
    """Whether an earlier version, gone back on or replaced, holds the person though the newest does not."""
    past = [str(one.path / name) for name in superfluous(one.path, [one.version()])]
    if not past:
        return False
    with redacted("looking for a person in earlier versions", one.name):
        frame = lake.spark.read.option("mergeSchema", True).parquet(*past)
        return any(_counted(frame, contracts, one.name, erasure, lake))


def _counted(
    frame: DataFrame, contracts: Mapping[str, Contract], table: str, erasure: Erasure, lake: Lake
) -> tuple[int, int]:
    first, others = _key_columns(frame.columns)
    known = chosen(lake.spark, ["__key"], [[key] for key in erasure.keys])
    contract = contract_of(contracts, table)
    gone = 0
    if contract is not None and contract.persons and contract.persons[0].via is not None:
        seen = seen_in_lake(frame, contract, wanted_of(contracts, contract))
        gone = theirs(seen, contract.persons[0], contracts, erasure, lake.spark).count()
    elif first:
        gone = frame.join(known, F.col(first) == F.col("__key"), "left_semi").count()
    blanked = 0
    for name in others:
        # A row that goes whole is not counted again.
        rows = frame.join(known, F.col(name) == F.col("__key"), "left_semi")
        blanked += (rows.join(known, F.col(first) == F.col("__key"), "left_anti") if first else rows).count()
    return gone, blanked


def _remove(one: LakeTable, lake: Lake, contracts: Mapping[str, Contract], erasure: Erasure) -> None:
    """Deletes by joining: a literal would stay in the log for ever."""
    contract = contract_of(contracts, one.name)
    first, others = _key_columns(one.delta().toDF().columns)
    known = chosen(lake.spark, ["gone_key"], [[key] for key in erasure.keys])
    if contract is not None and contract.persons and (via := contract.persons[0].via) is not None:
        records = erasure.records.get(f"{via.table}/{parent_role(contracts, contract.persons[0], via)}")
        if records is not None and records.rows:
            places = [records.columns.index(name) for name in via.keys.values()]
            rows = sorted({tuple(row[place] for place in places) for row in records.rows}, key=repr)
            names = [f"gone_{index}" for index in range(len(places))]
            condition = [
                F.col(f"lake.`{mine}`").cast("string") == F.col(f"gone.{name}")
                for mine, name in zip(via.keys, names, strict=True)
            ]
            _merge_delete(one, chosen(lake.spark, names, rows), condition)
    elif first:
        _merge_delete(one, known, [F.col(f"lake.`{first}`") == F.col("gone.gone_key")])
    for name in others:
        (
            one.delta()
            .alias("lake")
            .merge(known.alias("gone"), F.col(f"lake.`{name}`") == F.col("gone.gone_key"))
            .whenMatchedUpdate(set={name: F.lit(None).cast("string")})
            .execute()
        )


def _merge_delete(one: LakeTable, gone: DataFrame, condition: Sequence[Column]) -> None:
    whole = condition[0]
    for part in condition[1:]:
        whole = whole & part
    one.delta().alias("lake").merge(gone.alias("gone"), whole).whenMatchedDelete().execute()


def _key_columns(columns: Sequence[str]) -> tuple[str | None, list[str]]:
    """The column by which rows go, and those that are emptied in rows of others."""
    mine = [name for name in columns if name == _KEY or name.startswith(f"{_KEY}_")]
    first = _KEY if _KEY in mine else None
    return first, [name for name in mine if name != first]

"""How a batch's accepted rows reach their table: appended, merged by key, or as the table's new whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.delta_log import Commit
from ingestion.lake_table import LakeTable
from ingestion.places import ROW
from ingestion.prepare import DELETED
from ingestion.replay import Replaced

_BOOKKEEPING = ("batch_id", ROW)


@dataclass(frozen=True)
class Changes:
    """What a batch did to rows that were there: counts of rows.

    `superseded` are accepted rows of an upsert that are older than what the table has, or unchanged by a mark.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    superseded: int = 0

    def told(self) -> Mapping[str, int]:
        """The counts that are not zero."""
        return {name: count for name, count in asdict(self).items() if count}


@dataclass(frozen=True)
class Put:
    """The version that a batch became, how many accepted rows it was given, and what they changed."""

    version: int
    written: int
    changes: Changes


def put(accepted: DataFrame, contract: Contract, batch_id: str, table: LakeTable, instead_of: Replaced | None) -> Put:
    """Write the accepted rows (the lake's columns, and `_deleted` where the contract has marks) as a new version."""
    match contract.write:
        case "upsert":
            return _upsert(accepted, contract, batch_id, table, instead_of)
        case "snapshot":
            return _snapshot(accepted, contract, batch_id, table)
        case _:
            commit = table.append(accepted, batch_id, instead_of=_earlier(instead_of))
            written = _rows(commit, table, batch_id)
            return Put(commit.version, written, Changes(inserted=written))


def _upsert(
    accepted: DataFrame, contract: Contract, batch_id: str, table: LakeTable, instead_of: Replaced | None
) -> Put:
    if table.is_empty():
        fresh = accepted.where(~F.col(DELETED)).drop(DELETED) if contract.marks else accepted
        commit = table.append(fresh, batch_id)
        inserted = _rows(commit, table, batch_id)
        written = accepted.count() if contract.marks else inserted
        return Put(commit.version, written, Changes(inserted=inserted, superseded=written - inserted))
    order = tuple(name for name in contract.order_by if name in contract.lake_columns)
    commit = table.upsert(
        accepted, batch_id, contract.lake_key, order, DELETED if contract.marks else None,
        instead_of=_earlier(instead_of), later=instead_of.later if instead_of else (),
    )  # fmt: skip
    # A merge counts what it rewrote, not what it was given.
    written = accepted.count()
    done = Changes(
        inserted=commit.metric("numTargetRowsInserted"),
        updated=commit.metric("numTargetRowsUpdated"),
        deleted=commit.metric("numTargetRowsDeleted"),
    )
    # Of a replay, rows that the old version's batch had and this one lacks are among the deleted.
    superseded = max(0, written - done.inserted - done.updated - done.deleted)
    return Put(commit.version, written, Changes(done.inserted, done.updated, done.deleted, superseded=superseded))


def _snapshot(accepted: DataFrame, contract: Contract, batch_id: str, table: LakeTable) -> Put:
    before = table.version()
    commit = table.replace(accepted, batch_id)
    written = _rows(commit, table, batch_id)
    return Put(commit.version, written, _compare(table.read(before), table.read(commit.version), contract))


def _compare(old: DataFrame, new: DataFrame, contract: Contract) -> Changes:
    """What a new whole changed, by the contract's key; without one a changed row is one deleted and one inserted."""
    columns = sorted(set(new.columns) - set(_BOOKKEEPING))
    # A column that the older table lacks counts as a change of every row, which it is.
    # The hash passes over nulls: where they are is hashed too.
    content = F.xxhash64(*columns, *[F.col(name).isNull() for name in columns])
    key = F.xxhash64(*(contract.lake_key or columns))
    missing = {name: F.lit(None) for name in columns if name not in old.columns}

    def side(frame: DataFrame, name: str) -> DataFrame:
        hashed = frame.select(key.alias("key"), content.alias("content"))
        return hashed.groupBy("key").agg(
            F.count(F.lit(1)).alias(f"rows_{name}"), F.sum("content").alias(f"content_{name}")
        )

    before = old.withColumns(missing) if missing else old
    joined = side(before, "old").join(side(new, "new"), "key", "full")
    was, now = F.coalesce("rows_old", F.lit(0)), F.coalesce("rows_new", F.lit(0))
    same = F.col("content_old").eqNullSafe(F.col("content_new")) & (was == now)
    stayed = F.least(was, now)
    row = joined.agg(
        F.sum(F.greatest(now - was, F.lit(0))),
        F.sum(F.when(~same, stayed).otherwise(0)),
        F.sum(F.greatest(was - now, F.lit(0))),
        F.sum(F.when(same, stayed).otherwise(0)),
    ).first()
    inserted, updated, deleted, unchanged = (int(value or 0) for value in (row or (0, 0, 0, 0)))
    return Changes(inserted, updated, deleted, unchanged)


def _earlier(instead_of: Replaced | None) -> tuple[str, ...]:
    return (instead_of.batch.batch_id, *instead_of.with_it) if instead_of else ()


def _rows(commit: Commit, table: LakeTable, batch_id: str) -> int:
    if commit.rows_written is not None:
        return commit.rows_written
    return table.read(commit.version).where(F.col("batch_id") == batch_id).count()

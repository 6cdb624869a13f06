"""What of a derived table still holds, what is to be derived, and what has to go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.derived.records import Record
from ingestion.derived.shape import Part, Read, Shape, fingerprint

Rows = Mapping[str, int]
"""Batch -> its rows."""


@dataclass(frozen=True)
class Inputs:
    """The inputs as they are published: rows of each part by batch, and of each carried table.

    `find` looks for doubles, which costs a pass over the keys of every carried table: see `contested`.
    """

    parts: Mapping[str, Rows]
    carried: Mapping[str, Rows]
    find: Callable[[], Mapping[str, frozenset[str]]]

    @cached_property
    def contested(self) -> Mapping[str, frozenset[str]]:
        """For each carried table, the batches that hold one key twice or share it with another; sought once."""
        return self.find()

    @property
    def state(self) -> str:
        """A digest of what the carried tables hold."""
        return fingerprint(carried={table: dict(rows) for table, rows in self.carried.items()})

    @property
    def split(self) -> frozenset[str]:
        """Carried tables with several rows for one key."""
        return frozenset(table for table, batches in self.contested.items() if batches)


@dataclass(frozen=True)
class Plan:
    """`keep` holds as it is; `todo` is part -> input batches to derive; `stale` are batches of the table that go.

    `renewed` are those of `keep` that were looked at anew; `held` are the rows that are there, by batch;
    `published` are all batches of the table that ever were.
    """

    keep: tuple[Record, ...]
    renewed: tuple[Record, ...]
    todo: Mapping[str, Rows]
    stale: tuple[str, ...]
    held: Rows
    published: frozenset[str]

    @property
    def nothing(self) -> bool:
        """Whether the table is as it should be."""
        return not self.stale and not any(self.todo.values())


def look(shape: Shape, parts: Sequence[Part], read: Read) -> Inputs:
    """Count the rows of every input by batch."""
    places = {(part.table, part.only): part for part in parts}
    labelled = [
        part.rows(read).select(F.lit(number).alias("place"), "batch_id") for number, part in enumerate(places.values())
    ]
    counted: dict[tuple[str, str | None], dict[str, int]] = {place: {} for place in places}
    for row in reduce(DataFrame.union, labelled).groupBy("place", "batch_id").count().collect():
        counted[list(places)[row["place"]]][row["batch_id"]] = row["count"]
    tables = {part.table for part in parts}
    carried = {table: counted[table, None] for table in shape.keys if table in tables}

    def find() -> dict[str, frozenset[str]]:
        return {table: _contested(read(table), shape.keys[table]) for table in carried}

    return Inputs({part.name: counted[part.table, part.only] for part in parts}, carried, find)


def make_plan(
    parts: Sequence[Part],
    inputs: Inputs,
    records: Sequence[Record],
    held: Rows,
    accepted: Rows,
    recount: Callable[[str, Sequence[str]], Mapping[str, tuple[int, int]]],
) -> Plan:
    """Compare what was derived with what the inputs hold now.

    `held` are the rows of the derived table by batch as it is published, `accepted` what the ledger says of each
    published batch. A batch is derived again when its input's batch has other rows or is gone, when one that it
    carries has changed, or when a carried row that it missed has come since, or one that differs from the one it had.
    `recount(part, batches)` gives what input batches miss now: batch -> (absent, split).
    """
    prints = {part.name: part.fingerprint for part in parts}
    batches = {batch: rows for one in inputs.carried.values() for batch, rows in one.items()}
    keep: dict[tuple[str, str], Record] = {}
    for one in records:
        holds = (
            prints.get(one.part) == one.fingerprint
            and inputs.parts[one.part].get(one.input_batch) == one.input_rows
            and one.batch_id in accepted
            and held.get(one.batch_id, 0) == accepted[one.batch_id]
            and all(batches.get(batch) == rows for batch, rows in one.carried.items())
        )
        if holds:
            keep.setdefault((one.part, one.input_batch), one)
    # Rows only came to the carried tables, for batches that were carried are as they were: what was absent can only
    # have become less, and what is split only more. If neither has, nothing has changed for the batch.
    since = [one for one in keep.values() if one.carried and one.carried_state != inputs.state]
    contested = {batch for several in inputs.contested.values() for batch in several} if since else set()
    absent = [one for one in keep.values() if one.absent and one.carried_state != inputs.state]
    doubtful = {one.batch_id: one for one in (*absent, *since) if one.absent or contested & one.carried.keys()}.values()
    for name in dict.fromkeys(one.part for one in doubtful):
        mine = {one.input_batch: one for one in doubtful if one.part == name}
        now = recount(name, list(mine))
        for batch, one in mine.items():
            if now.get(batch) != (one.absent, one.split):
                del keep[name, batch]
    renewed = {
        place: replace(one, carried_state=inputs.state)
        for place, one in keep.items()
        if one.carried_state != inputs.state
    }
    keep |= renewed
    todo = {
        part.name: {
            batch: rows for batch, rows in inputs.parts[part.name].items() if (part.name, batch) not in keep
        }
        for part in parts
    }  # fmt: skip
    kept = {one.batch_id for one in keep.values()}
    stale = tuple(sorted(held.keys() - kept))
    return Plan(tuple(keep.values()), tuple(renewed.values()), todo, stale, held, frozenset(accepted))


def by_batch(frame: DataFrame) -> Rows:
    """Rows by batch."""
    return {row["batch_id"]: row["count"] for row in frame.groupBy("batch_id").count().collect()}


def _contested(frame: DataFrame, keys: Sequence[str]) -> frozenset[str]:
    """Batches of which a row shares its key with another row. Eight bytes a row: a chance match costs time only."""
    whole = frame.where(reduce(Column.__and__, [F.col(name).isNotNull() for name in keys]))
    hashed = whole.select(F.xxhash64(*keys).alias("hash"), "batch_id")
    groups = hashed.groupBy("hash").agg(F.count(F.lit(1)).alias("rows"), F.collect_set("batch_id").alias("batches"))
    several = groups.where("rows > 1").select(F.explode("batches").alias("batch")).distinct()
    return frozenset(row["batch"] for row in several.collect())

"""One Delta table of the lake: made with the builder, written one version at a time, taken back when it must be."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from ingestion import delta_log
from ingestion.folder import Place
from ingestion.redact import redacted

_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
_EMPTY = 0
_settings = threading.Lock()
"""Held while a setting of the session is changed for one write: tables are written side by side."""


class LakeTable:
    """The table `name` under `root`. Every method that writes wants the table's lock held."""

    def __init__(self, spark: SparkSession, root: Place, name: str) -> None:
        self.name, self.path = name, root / name
        self._spark = spark

    def create(self, schema: Mapping[str, str], statistics: Sequence[str]) -> None:
        """Make the empty table (version 0) unless it is there.

        `statistics`: the columns whose smallest and greatest value Delta may keep in its log; no key, no text.
        """
        if delta_log.latest(self.path) is not None:
            return
        with redacted("making the table", self.name):
            delta_log.forget_begun(self.path)
            builder = DeltaTable.createIfNotExists(self._spark).location(str(self.path))
            for column, kind in schema.items():
                builder = builder.addColumn(column, kind)
            (
                builder.property("delta.enableChangeDataFeed", "true")
                .property("delta.enableDeletionVectors", "false")
                .property("delta.dataSkippingStatsColumns", ",".join(statistics))
                # A pointer may stay where it is for years, and what it says must remain readable.
                .property("delta.logRetentionDuration", "interval 3650 days")
                .execute()
            )

    def version(self) -> int:
        """The newest version, whether published or not."""
        latest = delta_log.latest(self.path)
        return _EMPTY if latest is None else latest

    def exists(self) -> bool:
        """Whether the table was made."""
        return delta_log.latest(self.path) is not None

    def read(self, version: int) -> DataFrame:
        """The table at a version."""
        return self._spark.read.format("delta").option("versionAsOf", version).load(str(self.path))

    def append(self, frame: DataFrame, batch_id: str, *, instead_of: Sequence[str] = ()) -> delta_log.Commit:
        """Add rows as one version; with `instead_of`, in the place of the rows of earlier batches."""
        before = self.version()
        writer = frame.write.format("delta").option("mergeSchema", True).option("userMetadata", batch_id)
        if not instead_of:
            writer.mode("append").save(str(self.path))
        else:
            with self._conf("spark.databricks.delta.replaceWhere.constraintCheck.enabled", "false"):
                rows = f"batch_id IN ({_named(instead_of)})"
                writer.mode("overwrite").option("replaceWhere", rows).save(str(self.path))
        return self._since(before)

    def replace(self, frame: DataFrame, batch_id: str) -> delta_log.Commit:
        """Put rows in the place of all others, as one version."""
        before = self.version()
        writer = frame.write.format("delta").option("userMetadata", batch_id).option("overwriteSchema", True)
        writer.mode("overwrite").save(str(self.path))
        return self._since(before)

    def rewrite(self, frame: DataFrame) -> delta_log.Commit:
        """Put rows of the same columns in the place of all others, as one version; see `signed`."""
        before = self.version()
        frame.write.format("delta").mode("overwrite").save(str(self.path))
        return self._since(before)

    def is_empty(self) -> bool:
        """Whether nothing was ever written to it."""
        return self.version() == _EMPTY

    def upsert(
        self,
        frame: DataFrame,
        batch_id: str,
        key: Sequence[str],
        order: Sequence[str] = (),
        deleted: str | None = None,
        *,
        instead_of: Sequence[str] = (),
        later: Sequence[str] = (),
    ) -> delta_log.Commit:
        """Replace rows with the same key and add the others, as one version.

        A row that is older than the table's own, by the columns of `order`, changes nothing. A row whose boolean
        column `deleted` is true takes the table's row away instead. With `instead_of`, the rows of those earlier
        batches which are not in `frame` go; rows of the batches `later` stay as they are. The only literals in a
        condition are batch ids: a literal stays in the log for ever.
        """
        before = self.version()
        condition = " AND ".join(f"lake.`{name}` = batch.`{name}`" for name in key)
        table = DeltaTable.forPath(self._spark, str(self.path))
        columns = {name: f"batch.`{name}`" for name in frame.columns if name != deleted}
        # A merge leaves alone what it is not given: a column that the contract gave up would keep its values.
        columns |= {name: "NULL" for name in table.toDF().columns if name not in frame.columns}
        newer, stays, goes = _newer(order), "true", "false"
        if later:
            newer += f" AND lake.batch_id NOT IN ({_named(later)})"
        if deleted is not None:
            stays, goes = f"NOT batch.`{deleted}`", f"batch.`{deleted}`"
        with self._conf(_METADATA, batch_id):
            merge = (
                table.alias("lake")
                .merge(frame.alias("batch"), condition)
                .withSchemaEvolution()
                .whenMatchedUpdate(f"{newer} AND {stays}", {**columns})
                .whenNotMatchedInsert(stays, {**columns})
            )
            if deleted is not None:
                merge = merge.whenMatchedDelete(f"{newer} AND {goes}")
            if instead_of:
                merge = merge.whenNotMatchedBySourceDelete(f"lake.batch_id IN ({_named(instead_of)})")
            merge.execute()
        return self._since(before)

    def _since(self, before: int) -> delta_log.Commit:
        """The version that was written after `before`; Delta writes none for no row, and then none was."""
        now = self.version()
        if now == before:
            return delta_log.Commit(now, "", None, 0, frozenset())
        return delta_log.commit(self.path, now)

    def take_back(self, published: int | None) -> bool:
        """Make the newest version hold what the pointer says, and delete what later versions or a killed write left.

        `published` is None for a table that was never published. Returns whether anything had to be done.
        """
        base = _EMPTY if published is None else published
        newest = delta_log.latest(self.path)
        if newest is None:
            return False
        sign = f"restored:{base}"
        if newest > base and delta_log.commit(self.path, newest).user_metadata != sign:
            with redacted("taking a version back", self.name), self._conf(_METADATA, sign):
                DeltaTable.forPath(self._spark, str(self.path)).restoreToVersion(base)
        purged = delta_log.purge(self.path, base)
        return newest > base or purged > 0

    def delta(self) -> DeltaTable:
        """The newest version, for an act that is not a batch's."""
        return DeltaTable.forPath(self._spark, str(self.path))

    @contextmanager
    def signed(self, sign: str) -> Iterator[None]:
        """Versions written meanwhile bear `sign`, so that the next run knows what a killed one left."""
        with self._conf(_METADATA, sign):
            yield

    @contextmanager
    def _conf(self, key: str, value: str) -> Iterator[None]:
        with _settings:
            before = self._spark.conf.get(key, None)
            self._spark.conf.set(key, value)
            try:
                yield
            finally:
                if before is None:
                    self._spark.conf.unset(key)
                else:
                    self._spark.conf.set(key, before)


def _named(batches: Sequence[str]) -> str:
    return ", ".join(f"'{one}'" for one in batches)


def _newer(order: Sequence[str]) -> str:
    """Whether the batch's row is not older than the table's; a missing value is the oldest."""
    if not order:
        return "true"
    sides = [f"struct({', '.join(f'{side}.`{name}`' for name in order)})" for side in ("batch", "lake")]
    return f"{sides[0]} >= {sides[1]}"

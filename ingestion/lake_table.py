"""One Delta table of the lake: made with the builder, written one version at a time, taken back when it must be."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from ingestion import delta_log
from ingestion.redact import redacted

_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
_EMPTY = 0
_settings = threading.Lock()
"""Held while a setting of the session is changed for one write: tables are written side by side."""


class LakeTable:
    """The table `name` under `root`. Every method that writes wants the table's lock held."""

    def __init__(self, spark: SparkSession, root: Path, name: str) -> None:
        self.name, self.path = name, root / name
        self._spark = spark

    def create(self, schema: Mapping[str, str], statistics: Sequence[str]) -> None:
        """Make the empty table (version 0) unless it is there.

        `statistics`: the columns whose smallest and greatest value Delta may keep in its log; no key, no text.
        """
        if delta_log.latest(self.path) is not None:
            return
        with redacted("making the table", self.name):
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

    def append(self, frame: DataFrame, batch_id: str, *, instead_of: str | None = None) -> delta_log.Commit:
        """Add rows as one version; with `instead_of`, in the place of an earlier batch's rows."""
        writer = frame.write.format("delta").option("mergeSchema", True).option("userMetadata", batch_id)
        if instead_of is None:
            writer.mode("append").save(str(self.path))
        else:
            with self._conf("spark.databricks.delta.replaceWhere.constraintCheck.enabled", "false"):
                writer.mode("overwrite").option("replaceWhere", f"batch_id = '{instead_of}'").save(str(self.path))
        return delta_log.commit(self.path, self.version())

    def replace(self, frame: DataFrame, batch_id: str) -> delta_log.Commit:
        """Put rows in the place of all others, as one version."""
        writer = frame.write.format("delta").option("userMetadata", batch_id).option("overwriteSchema", True)
        writer.mode("overwrite").save(str(self.path))
        return delta_log.commit(self.path, self.version())

    def upsert(self, frame: DataFrame, batch_id: str, key: Sequence[str]) -> delta_log.Commit:
        """Replace rows with the same key and add the others, as one version.

        The condition joins columns and holds no literal: a literal stays in the log for ever.
        """
        if self.version() == _EMPTY:
            return self.append(frame, batch_id)
        condition = " AND ".join(f"lake.`{name}` = batch.`{name}`" for name in key)
        with self._conf(_METADATA, batch_id):
            (
                DeltaTable.forPath(self._spark, str(self.path))
                .alias("lake")
                .merge(frame.alias("batch"), condition)
                .withSchemaEvolution()
                .whenMatchedUpdateAll()
                .whenNotMatchedInsertAll()
                .execute()
            )
        return delta_log.commit(self.path, self.version())

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

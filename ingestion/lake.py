"""The lake as everybody reads it: at the published version of each table, and no other way."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from ingestion.errors import NotPublished
from ingestion.folder import Place
from ingestion.lake_table import LakeTable
from ingestion.ledger import Ledger

PERSON_LINK = "person_link"
"""The table that says which person keys are one person; published like any other, never grantable."""


class Lake:
    """The tables under `root`, by the pointers of `ledger`."""

    def __init__(self, spark: SparkSession, root: Place, ledger: Ledger) -> None:
        self.spark, self.root, self._ledger = spark, root, ledger

    def read(self, table: str) -> DataFrame:
        """The table at its published version. Raises `NotPublished`."""
        version = self._ledger.published(table)
        if version is None:
            raise NotPublished(f"Table {table} has no published version: ingest a drop that holds it.")
        return self.table(table).read(version)

    def tables(self) -> list[str]:
        """The published tables."""
        return [pointer.table for pointer in self._ledger.pointers()]

    def table(self, name: str) -> LakeTable:
        """The table itself, for whoever writes it."""
        return LakeTable(self.spark, self.root, name)

"""Refused rows: encrypted as they arrived, in the sealed zone, with the reasons beside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.prepare import REASONS, SEALED
from ingestion.sealed_rows import SealedRows
from pseudonymization.digest import secret_of, with_keys, without_keys
from pseudonymization.keystore import KeyStore


class Quarantine:
    """`<folder>/<table>/<batch id>/`: Parquet of `batch_id`, `reasons` (array of codes) and `row` (AES-256-GCM)."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark, self._folder = spark, folder

    def write(self, refused: DataFrame, table: str, batch_id: str) -> tuple[int, dict[str, int]]:
        """Keep the refused rows of a batch, once however often it is called; returns rows and counts by reason.

        A row with several reasons counts under each of them.
        """
        place = self._place(table, batch_id)
        rows = refused.select(
            F.col("batch_id"), F.array_distinct(F.split(REASONS, ",")).alias("reasons"), F.col(SEALED).alias("row")
        )
        rows.write.mode("overwrite").parquet(str(place))
        kept = self._spark.read.schema(rows.schema).parquet(str(place))
        counted = kept.groupBy("reasons").count().collect()
        reasons: Counter[str] = Counter()
        for row in counted:
            for reason in row["reasons"]:
                reasons[reason] += row["count"]
        return sum(row["count"] for row in counted), dict(sorted(reasons.items()))

    def discard(self, table: str, batch_id: str) -> None:
        """Forget the rows of a batch that was taken back."""
        self.rows(table, batch_id).destroy()

    def rows(self, table: str, batch_id: str) -> SealedRows:
        """The rows of a batch, to be handled without Spark."""
        return SealedRows(self._folder, table, batch_id)

    def open(self, table: str, batch_id: str, keystore: KeyStore) -> DataFrame:
        """`batch_id`, `reasons` and `row` as JSON in clear: for the sealed zone only, never to be written or shown."""
        rows = self._spark.read.parquet(str(self._place(table, batch_id)))
        keyed = with_keys(rows, self._spark, {"quarantine": keystore.derive("quarantine")})
        opened = F.try_aes_decrypt(
            F.col("row"), secret_of("quarantine"), F.lit("GCM"), aad=F.col("batch_id").cast("binary")
        )
        return without_keys(keyed.withColumn("row", opened.cast("string")))

    def _place(self, table: str, batch_id: str) -> Path:
        return self._folder / table / batch_id


def by_code(reasons: dict[str, int] | Counter[str]) -> dict[str, int]:
    """Counts by reason code, the columns summed up."""
    codes: Counter[str] = Counter()
    for reason, count in reasons.items():
        codes[reason.split(":", 1)[0]] += count
    return dict(sorted(codes.items()))

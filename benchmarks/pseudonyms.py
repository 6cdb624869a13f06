"""`pseudonyms`: keyed digests (native HMAC-SHA-256) against plain SHA-256 and against reading the same columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import Sample
from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.keystore import KeyStore
from pseudonymization.person import person_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS_OF_ONE = 100
DIGESTS = 3
"""A person, a professional and a record key of three columns."""


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """A hundred rows of each of the sample's people in Parquet; three digests a row, written nowhere."""
    place, count = work / "identifiers", sample.people * ROWS_OF_ONE
    _numbers(spark, count).write.mode("overwrite").parquet(str(place))
    size = size_of(place)
    store = KeyStore.create(work / "keys.json")
    keys = {purpose: store.derive(purpose) for purpose in ("person", "professional", "record")}

    def read() -> DataFrame:
        return spark.read.parquet(str(place))

    def done(frame: DataFrame) -> Work:
        frame.write.format("noop").mode("overwrite").save()
        return Work(count, size)

    def plain() -> Work:
        def sha(*columns: Column) -> Column:
            return F.sha2(F.concat_ws("|", *columns), 256)

        return done(
            read().select(
                sha(F.col("nir"), F.col("rank")).alias("a"),
                sha(F.col("professional")).alias("b"),
                sha(F.col("order"), F.col("flow"), F.col("issuer")).alias("c"),
            )
        )

    def keyed() -> Work:
        frame = with_keys(read(), spark, keys).withColumns(
            {
                "a": person_key("psa", [F.col("nir"), F.col("rank")]),
                "b": keyed_digest("professional", F.col("professional")),
                "c": keyed_digest("record", F.col("order"), F.col("flow"), F.col("issuer")),
            }
        )
        return done(without_keys(frame).select("a", "b", "c"))

    name = f"pseudonyms: {DIGESTS} keyed digests a row"
    return [
        measure(name, "plain sha2 of the same columns", plain, keyed, runs),
        measure(name, "reading the same columns", lambda: done(read()), keyed, runs),
    ]


def _numbers(spark: SparkSession, rows: int) -> DataFrame:
    """Rows shaped like the identifiers of a claim; made of counters, nobody's."""
    number = F.col("id")
    return spark.range(rows).select(
        F.substring(F.md5((number % (rows // ROWS_OF_ONE)).cast("string")), 1, 17).alias("nir"),
        (number % 3 + 1).cast("string").alias("rank"),
        F.lpad((number % 9973).cast("string"), 8, "0").alias("professional"),
        number.cast("string").alias("order"),
        F.date_add(F.lit("2023-01-01").cast("date"), (number % 700).cast("int")).cast("string").alias("flow"),
        (number % 101).cast("string").alias("issuer"),
    )

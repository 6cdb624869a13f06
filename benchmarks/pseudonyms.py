"""`pseudonyms`: keyed digests (native HMAC-SHA-256) against SHA-256, a pandas UDF, and reading the same columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import StringType, StructField, StructType

from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import Sample
from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.keystore import KeyStore, begin_rotation, end_rotation
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

    def persons() -> Work:
        frame = with_keys(read(), spark, keys).withColumn("a", person_key("psa", [F.col("nir"), F.col("rank")]))
        return done(without_keys(frame).select("a"))

    def plain_persons() -> Work:
        return done(read().select(F.sha2(F.concat_ws("|", "nir", "rank"), 256).alias("a")))

    def rotated() -> Work:
        frame = with_keys(read(), spark, {name: stepped.derive(name) for name in keys}).withColumns(
            {
                "a": person_key("psa", [F.col("nir"), F.col("rank")], steps=1),
                "b": keyed_digest("professional", F.col("professional"), steps=1),
                "c": keyed_digest("record", F.col("order"), F.col("flow"), F.col("issuer"), steps=1),
            }
        )
        return done(without_keys(frame).select("a", "b", "c"))

    def by_pandas() -> Work:
        return done(read().select(_hmac_in_python(F.struct("nir", "rank", "professional", "order", "flow", "issuer"))))

    begin_rotation(work / "keys.json")
    stepped = end_rotation(work / "keys.json")
    name = f"pseudonyms: {DIGESTS} keyed digests a row"
    return [
        measure("pseudonyms: a person's key a row", "plain sha2 of the same columns", plain_persons, persons, runs),
        measure(name, "plain sha2 of the same columns", plain, keyed, runs),
        measure(name, "a pandas UDF that has the key", by_pandas, keyed, runs),
        measure(name, "reading the same columns", lambda: done(read()), keyed, runs),
        measure(f"{name}, after a rotation", "the same before one", keyed, rotated, runs),
    ]


@pandas_udf(StructType([StructField(name, StringType()) for name in "abc"]))  # type: ignore[call-overload, untyped-decorator]
def _hmac_in_python(rows: pd.DataFrame) -> pd.DataFrame:
    """What the hub does not do: here the key, a fixed one of nobody, travels in the function."""
    import hashlib
    import hmac

    import pandas

    key = bytes(32)

    def digest(*values: str) -> str:
        message = b"".join(b"%d:%s" % (len(value), value.encode()) for value in values)
        return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]

    groups = (("nir", "rank"), ("professional",), ("order", "flow", "issuer"))
    return pandas.DataFrame(
        {
            out: [digest(*values) for values in rows[list(names)].itertuples(index=False, name=None)]
            for out, names in zip("abc", groups, strict=True)
        }
    )


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

"""Teaching `person_link` with groups written by hand."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pseudonymization.digest import keyed_digest_of
from pseudonymization.keystore import DerivedKey
from pseudonymization.links import Learned, learn

KEY = DerivedKey("0a1b2c3d", bytes(range(32)))

Group = Iterable[str]
"""Keys such as `psa:1` or `psa_alone:x`, of one person."""


def teach(spark: SparkSession, known: DataFrame, groups: Iterable[Group], generation: int) -> Learned:
    rows = [([(key.split(":")[0], key) for key in group],) for group in groups]
    frame = spark.createDataFrame(rows, "keys array<struct<kind string, person_key string>>").coalesce(1)
    # What was learnt is written between two batches; here the checkpoint cuts its plan.
    return learn(known.localCheckpoint(), frame, spark=spark, key=KEY, generation=generation)


def persons(learned: Learned | DataFrame) -> dict[str, str | None]:
    rows = (learned.table if isinstance(learned, Learned) else learned).collect()
    assert len({row["person_key"] for row in rows}) == len(rows)
    return {row["person_key"]: row["person"] for row in rows}


def minted_from(key: str) -> str | None:
    return keyed_digest_of(KEY, key)


def settled(table: DataFrame, key: str) -> DataFrame:
    """As if somebody had decided whose this key is."""
    return table.withColumn("settled", F.col("settled") | (F.col("person_key") == key))

"""Frames of chosen values: person keys and records that rows are compared with by joining, never by a literal."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from pseudonymization.errors import UnsafeSession


def chosen(spark: SparkSession, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> DataFrame:
    """A small frame of text columns, to be broadcast. Raises `UnsafeSession` where Spark would spill it in clear."""
    _check(spark)
    schema = StructType([StructField(name, StringType()) for name in columns])
    return F.broadcast(spark.createDataFrame([tuple(row) for row in rows], schema))


def with_chosen(frame: DataFrame, spark: SparkSession, name: str, values: Sequence[str]) -> DataFrame:
    """Add to every row a column `name` that holds all of `values`, from a broadcast one-row frame."""
    _check(spark)
    schema = StructType([StructField(name, ArrayType(StringType()))])
    return frame.crossJoin(F.broadcast(spark.createDataFrame([(list(values),)], schema)))


def _check(spark: SparkSession) -> None:
    if spark.sparkContext.getConf().get("spark.io.encryption.enabled", "false") != "true":
        raise UnsafeSession("Keys need a Spark session with spark.io.encryption.enabled=true: start it with that set.")

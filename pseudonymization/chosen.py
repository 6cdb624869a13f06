"""Frames of chosen values: person keys and records that rows are compared with by joining, never by a literal."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from pseudonymization.held import held


def chosen(spark: SparkSession, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> DataFrame:
    """A small frame of text columns, to be broadcast. Raises `UnsafeSession` where Spark would spill it in clear."""
    schema = StructType([StructField(name, StringType()) for name in columns])
    return F.broadcast(held(spark, schema, [dict(zip(columns, row, strict=True)) for row in rows]))


def with_chosen(frame: DataFrame, spark: SparkSession, name: str, values: Sequence[str]) -> DataFrame:
    """Add to every row a column `name` that holds all of `values`, from a broadcast one-row frame."""
    schema = StructType([StructField(name, ArrayType(StringType()))])
    return frame.crossJoin(F.broadcast(held(spark, schema, [{name: list(values)}])))

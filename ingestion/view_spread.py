"""Reads a table whose view gives other than one row for each resource, and counts its rows beforehand.

A resource that cannot be read, or goes deeper than the contract says, is one row: itself, whole, to be refused. So
nothing of a resource is written when a part of it could not be.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from ingestion.places import ROW, row_place
from ingestion.records import MALFORMED, REFUSED
from ingestion.resources import schema_of
from ingestion.taken import Delivered, TakenTable
from ingestion.view_definition import ViewDefinition

TOO_DEEP = "too_deep"
_LINE, _RESOURCE, _ROWS = "_line", "_resource", "_rows"


def spread_rows(spark: SparkSession, taken: TakenTable, view: ViewDefinition) -> DataFrame:
    """The view's columns as they are, `_malformed`, `_refused` and the place of the resource (`row_id`)."""
    lines = _lines(spark, taken, view)
    kind = lines.schema[_RESOURCE].dataType
    assert isinstance(kind, StructType)  # noqa: S101 - as it was declared
    good = lines.where(F.col(MALFORMED).isNull()).select(
        *[F.col(_RESOURCE)[name].alias(name) for name in kind.names], ROW
    )
    rows = view.apply(good, ROW, depth=taken.contract.dialect.repeat_depth)
    nothing = F.lit(None).cast("string")
    rows = rows.select(*view.columns, nothing.alias(MALFORMED), nothing.alias(REFUSED), ROW)
    empty = [F.lit(None).cast(rows.schema[name].dataType).alias(name) for name in view.columns]
    refused = lines.where(F.col(MALFORMED).isNotNull()).select(*empty, MALFORMED, REFUSED, ROW)
    return rows.unionByName(refused)


def delivered(spark: SparkSession, taken: TakenTable, view: ViewDefinition) -> Delivered:
    """How many resources the engine finds, the rows that they give, and how many give none; nothing is spread."""
    counted = _lines(spark, taken, view).agg(
        F.count(F.lit(1)), F.sum(_ROWS), F.count_if(F.col(_ROWS) == 0)
    ).first()  # fmt: skip
    resources, rows, left_out = counted or (0, 0, 0)
    return Delivered(int(rows or 0), int(resources), int(left_out))


def _lines(spark: SparkSession, taken: TakenTable, view: ViewDefinition) -> DataFrame:
    """Each resource: as a structure, the line if it is to be refused, for what, its rows, its place."""
    declared = schema_of(view.resource)
    # Lines are read as text, so that a refused resource is kept as it was written.
    read = spark.read.option("encoding", "UTF-8").text([str(file.path) for file in taken.files])
    full = read.where(~F.col("value").rlike(r"^[ \t\r\n]*$")).select(
        F.col("value").alias(_LINE), row_place().alias(ROW)
    )
    parsed = F.from_json(_LINE, f"{declared}, {MALFORMED} STRING", {"columnNameOfCorruptRecord": MALFORMED})
    frame = full.withColumn(_RESOURCE, parsed)
    kind = frame.schema[_RESOURCE].dataType
    resource = F.col(_RESOURCE)
    measured = view.measure(resource, kind, depth=taken.contract.dialect.repeat_depth)
    unread = (
        resource.isNull()
        | resource[MALFORMED].isNotNull()
        | ~resource["resourceType"].eqNullSafe(F.lit(view.resource))
        | measured.unreadable
    )
    why: Column = F.when(~unread & measured.too_deep, F.lit(TOO_DEEP))
    frame = frame.withColumns({REFUSED: why, MALFORMED: F.when(unread | measured.too_deep, F.col(_LINE))})
    rows = F.when(F.col(MALFORMED).isNotNull(), F.lit(1).cast("bigint")).otherwise(measured.rows)
    return frame.withColumn(_ROWS, rows)

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
from ingestion.sql_on_fhir.definition import ViewDefinition
from ingestion.taken import Delivered, TakenTable

TOO_DEEP = "too_deep"
_LINE, _RESOURCE, _ROWS = "_line", "_resource", "_rows"


def spread_rows(spark: SparkSession, taken: TakenTable, view: ViewDefinition) -> DataFrame:
    """The view's columns as they are, `_malformed`, `_refused` and the place of the resource (`row_id`)."""
    lines = _lines(spark, taken, view)
    kind = lines.schema[_RESOURCE].dataType
    assert isinstance(kind, StructType)  # noqa: S101 - as it was declared
    parts = [F.col(_RESOURCE)[name].alias(name) for name in kind.names if name != MALFORMED]
    good = lines.where(F.col(MALFORMED).isNull()).select(*parts, MALFORMED, REFUSED, ROW)
    rows = view.apply(good, MALFORMED, REFUSED, ROW, depth=taken.contract.dialect.repeat_depth)
    unread = lines.where(F.col(MALFORMED).isNotNull() & F.col(REFUSED).isNull())
    deep, heads = lines.where(F.col(REFUSED).isNotNull()), view.heads()
    if heads is not None:
        # Whom a refused resource is about must be known, for the day when they are to be erased.
        deep = heads.apply(deep.select(*parts, MALFORMED, REFUSED, ROW), MALFORMED, REFUSED, ROW)
    return rows.unionByName(_filled(unread, rows)).unionByName(_filled(deep, rows))


def _filled(frame: DataFrame, like: DataFrame) -> DataFrame:
    """`frame` with the columns of `like`, those that it lacks being empty."""
    return frame.select(
        *[
            F.col(one.name) if one.name in frame.columns else F.lit(None).cast(one.dataType).alias(one.name)
            for one in like.schema.fields
        ]
    )


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

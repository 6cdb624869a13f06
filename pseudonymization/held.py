"""Frames of what only the driver's memory may hold: keys, identifiers, person keys that somebody chose.

Their rows are a part of the plan that is never printed, and no job and no Python worker is needed to read them: a frame
made of a list of rows would go through one, and each query that has a key would begin with a third of a second of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pseudonymization.errors import UnsafeSession


def held(spark: SparkSession, schema: StructType, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """The rows as a frame of these columns, a struct given as a mapping of its own.

    Raises `UnsafeSession` unless `spark.io.encryption.enabled` is `true`: without it Spark hands the rows over, and
    later spills them, in a temporary file in clear.
    """
    if spark.sparkContext.getConf().get("spark.io.encryption.enabled", "false") != "true":
        raise UnsafeSession("Keys need a Spark session with spark.io.encryption.enabled=true: start it with that set.")
    return spark.createDataFrame(pa.Table.from_pylist(list(rows), schema=to_arrow_schema(schema)), schema)

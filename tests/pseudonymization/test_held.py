from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from pyspark import SparkConf
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, LongType, StringType, StructField, StructType

from pseudonymization.errors import UnsafeSession
from pseudonymization.held import held

pytestmark = pytest.mark.spark

INNER = StructType([StructField("key", BinaryType(), False), StructField("name", StringType())])
SCHEMA = StructType(
    [StructField("inner", INNER, False), StructField("all", ArrayType(StringType())), StructField("n", LongType())]
)
ROWS = [{"inner": {"key": b"\0\xff", "name": "é\u0301"}, "all": ["a", None], "n": 2**40}, {"inner": {"key": b""}}]


def test_rows_are_read_without_a_job(spark: SparkSession) -> None:
    context = spark.sparkContext
    context.setJobGroup("held", "")
    try:
        frame = held(spark, SCHEMA, ROWS)
        assert frame.collect() == [
            Row(inner=Row(key=bytearray(b"\0\xff"), name="é\u0301"), all=["a", None], n=2**40),
            Row(inner=Row(key=bytearray(), name=None), all=None, n=None),
        ]
        assert frame.schema == SCHEMA
        assert context.statusTracker().getJobIdsForGroup("held") == []
        spark.range(3).select(F.sum("id")).collect()
        assert context.statusTracker().getJobIdsForGroup("held")
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    assert held(spark, SCHEMA, []).collect() == []


def test_no_plan_shows_a_row(spark: SparkSession) -> None:
    frame = held(spark, SCHEMA, [{"inner": {"key": b"kept-to-itself", "name": "Quimperlot"}, "all": ["Kergoat"]}])
    every = frame.select(F.struct("inner", "all").alias("x")).scalar()
    used = spark.range(2).select(F.octet_length(every["inner"]["key"]), every["all"][0], every["inner"]["name"])
    assert used.collect()[1][1] == "Kergoat"
    execution = used._jdf.queryExecution()
    shown = execution.toString() + execution.optimizedPlan().toJSON() + execution.executedPlan().toString()
    assert "scalar-subquery" in shown
    for value in ("kept-to-itself", "Quimperlot", "Kergoat"):
        assert value not in shown


@pytest.mark.parametrize("conf", [{}, {"spark.io.encryption.enabled": "false"}])
def test_a_session_that_writes_in_clear_gets_nothing(conf: dict[str, str]) -> None:
    bare = SparkConf(loadDefaults=False).setAll(list(conf.items()))
    session = SimpleNamespace(sparkContext=SimpleNamespace(getConf=lambda: bare))
    with pytest.raises(UnsafeSession, match=r"spark\.io\.encryption\.enabled=true"):
        held(cast(SparkSession, session), SCHEMA, ROWS)

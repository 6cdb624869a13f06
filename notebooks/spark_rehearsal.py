"""What a Spark session does first, played once so that Java keeps the classes of it (`hub.spark_archive`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ROWS = 2000


def rehearse(spark: SparkSession, folder: Path) -> None:
    """Read text, write and read Delta, group, join, sort, merge, below `folder`; nothing of it means anything."""
    from delta.tables import DeltaTable
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    csv, lines, delta = (str(folder / name) for name in ("csv", "json", "delta"))
    made = spark.range(0, _ROWS, 1, 2).select(
        F.col("id"),
        (F.col("id") % 7).cast("string").alias("kind"),
        F.sha2(F.col("id").cast("string"), 256).alias("hash"),
        F.date_add(F.lit("2020-01-01").cast("date"), F.col("id").cast("int")).alias("day"),
    )
    made.write.mode("overwrite").option("header", True).csv(csv)
    made.write.mode("overwrite").json(lines)
    text = spark.read.schema(made.schema).option("header", True).csv(csv)
    spark.read.schema(made.schema).json(lines).count()
    text.write.format("delta").save(delta)
    text.write.format("delta").mode("append").save(delta)
    read = spark.read.format("delta").option("versionAsOf", 1).load(delta)
    kinds = read.groupBy("kind").agg(F.count("id").alias("n"), F.min("day"), F.collect_set("hash"))
    kinds.orderBy("kind").toPandas()
    ranked = read.withColumn("place", F.row_number().over(Window.partitionBy("kind").orderBy("id")))
    ranked.join(F.broadcast(kinds.select("kind", "n")), "kind").where("place > n / 2").orderBy("hash").toPandas()
    once = text.dropDuplicates(["id"])
    target = DeltaTable.forPath(spark, delta).alias("known")
    target.merge(once.alias("new"), "known.id = new.id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()

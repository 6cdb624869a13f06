"""`fhir`: the packaged views over a bulk export, against Spark reading the same files as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Observation
from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure
from benchmarks.sample import Sample
from hub.paths import ROOT
from ingestion.resources import SCHEMAS, schema_of
from ingestion.sql_on_fhir.definition import PACKAGED, ViewDefinition, load_view

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_EXPORT = Path("fhir") / "10-patients"


def run(spark: SparkSession, _work: Path, _sample: Sample, runs: int) -> list[Result]:
    """Both sides read every file to its end; the baseline finds out the schema first, which is a pass of its own."""
    folder = Path(os.environ.get("HUB_REAL_DATA", ROOT.parent / "shared" / "data")) / _EXPORT
    views = {view.resource: view for view in map(load_view, sorted(path.stem for path in PACKAGED.glob("*.json")))}
    files = {resource: sorted(folder.glob(f"{resource}.*ndjson*")) for resource in SCHEMAS if resource in views}
    files = {resource: found for resource, found in files.items() if found}
    if not files:
        raise FileNotFoundError(f"{folder} has no export to measure: set HUB_REAL_DATA.")
    size = sum(path.stat().st_size for found in files.values() for path in found)

    def through(read: dict[str, DataFrame]) -> Work:
        rows = 0
        for frame in read.values():
            seen = Observation()
            # A sink that takes every column of every row and writes nothing.
            frame.observe(seen, F.count(F.lit(1)).alias("rows")).write.format("noop").mode("overwrite").save()
            rows += int(seen.get["rows"])
        return Work(rows, size)

    def bare() -> Work:
        return through({resource: spark.read.json([str(path) for path in found]) for resource, found in files.items()})

    def subject() -> Work:
        return through({resource: _viewed(spark, views[resource], found) for resource, found in files.items()})

    megabytes = f"{size / 1e6:.1f} MB"
    return [measure(f"fhir: {len(files)} views, {megabytes}", "plain JSON of the same files", bare, subject, runs)]


def _viewed(spark: SparkSession, view: ViewDefinition, files: list[Path]) -> DataFrame:
    resources = spark.read.schema(schema_of(view.resource)).json([str(path) for path in files])
    return view.apply(resources)

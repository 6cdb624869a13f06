"""Forty row-wise expectations through the gate, against one plain aggregation of the same checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import Sample
from ingestion.contract import Contract
from ingestion.gate import judge
from ingestion.ledger import Counts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

ROWS_PER_PERSON = 1000
"""2,000 people, the sample's default, are two million rows."""
_CODES = ("A", "B", "C", "D")
_WIDTH = 10


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """The row-wise checks; then, apart, what no row tells alone: unique keys, and keys of a parent table."""
    rows = sample.people * ROWS_PER_PERSON
    place, parents = work / "validation", work / "parents"
    _frame(spark, rows).write.format("delta").save(str(place))
    spark.range(rows // 10).select(F.col("id").alias("parent")).write.format("delta").save(str(parents))
    size = size_of(place)
    added = spark.read.format("delta").load(str(place))
    wide, keyed = _contract(_row_rules()), _contract([{"rule": "unique", "columns": ["number"]}])
    parent = spark.read.format("delta").load(str(parents))

    def gate(contract: Contract) -> Work:
        verdict = judge(contract, added, Counts(rows, rows, 0, 0))
        if not verdict.passed or verdict.checks != len(contract.table_rules):
            raise ValueError("The benchmark's rows are all good.")
        return Work(rows, size)

    def plain() -> Work:
        wrong = added.agg(*[F.count_if(bad) for bad in _conditions()]).first()
        if wrong is None or any(wrong):
            raise ValueError("The benchmark's rows are all good.")
        return Work(rows, size)

    def grouped() -> Work:
        if added.groupBy("number").count().where("count > 1").count():
            raise ValueError("The benchmark's keys are unique.")
        return Work(rows, size)

    def orphans() -> Work:
        if added.join(parent, "parent", "left_anti").count():
            raise ValueError("The benchmark's parents are all there.")
        return Work(rows, size)

    def reading() -> Work:
        return Work(int(added.agg(F.count("parent")).collect()[0][0]), size)

    return [
        measure(f"gate: {len(wide.table_rules)} row-wise expectations", "one aggregation of the same",
                plain, lambda: gate(wide), runs),
        measure("gate: a unique key", "group by the key", grouped, lambda: gate(keyed), runs),
        measure("a foreign key (anti-join)", "reading the column", reading, orphans, runs),
    ]  # fmt: skip


def _frame(spark: SparkSession, rows: int) -> DataFrame:
    """Ten columns each of codes, numbers, dates and texts, a key, a parent's key and the batch."""
    number = F.col("id")
    columns = []
    for place in range(_WIDTH):
        turned = (number * (2 * place + 3)) % 9973
        columns += [
            F.element_at(F.array(*map(F.lit, _CODES)), (turned % 4 + 1).cast("int")).alias(f"code{place}"),
            turned.cast("int").alias(f"number{place}"),
            F.date_add(F.lit("2023-01-01").cast("date"), (turned % 365).cast("int")).alias(f"day{place}"),
            F.concat(F.lit("t"), turned.cast("string")).alias(f"text{place}"),
        ]
    keys = [
        number.cast("string").alias("number"),
        (number % (rows // 10)).alias("parent"),
        F.lit("b").alias("batch_id"),
    ]
    return spark.range(rows).select(*keys, *columns)


def _row_rules() -> list[dict[str, object]]:
    rules: list[dict[str, object]] = []
    for place in range(_WIDTH):
        rules += [
            {"rule": "values_in_codes", "column": f"code{place}"},
            {"rule": "between", "column": f"number{place}", "min": 0, "max": 9973},
            {"rule": "between", "column": f"day{place}", "min": "2023-01-01", "max": "2023-12-31"},
            {"rule": "null_share", "column": f"text{place}", "max": 0.0},
        ]
    return rules


def _conditions() -> list[Column]:
    """When a row is wrong, rule by rule, as somebody would write it by hand."""
    found = []
    for place in range(_WIDTH):
        found += [
            ~F.col(f"code{place}").isin(*_CODES),
            ~F.col(f"number{place}").between(0, 9973),
            ~F.col(f"day{place}").between(F.lit("2023-01-01").cast("date"), F.lit("2023-12-31").cast("date")),
            F.col(f"text{place}").isNull(),
        ]
    return found


def _contract(rules: list[dict[str, object]]) -> Contract:
    plain = {"sensitivity": "plain", "fr": "c", "en": "c"}
    columns: dict[str, object] = {"number": plain}
    for place in range(_WIDTH):
        columns |= {
            f"code{place}": {**plain, "codes": list(_CODES)},
            f"number{place}": {**plain, "type": "int"},
            f"day{place}": {**plain, "type": "date"},
            f"text{place}": plain,
        }
    return Contract.model_validate(
        {
            "table": "validation", "version": 1, "source": "benchmark", "files": "*.csv", "format": "csv",
            "label": {"fr": "v", "en": "v"}, "columns": columns, "table_rules": rules,
        }
    )  # fmt: skip

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ingestion.contract import Contract
from ingestion.gate import judge
from ingestion.ledger import Counts
from tests.ingestion.conftest import VISITS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

RULES = [
    {"rule": "row_count", "min": 3, "max": 5},
    {"rule": "null_share", "column": "finish", "max": 0.5},
    {"rule": "unique", "columns": ["number"]},
    {"rule": "values_in_codes", "column": "place"},
    {"rule": "between", "column": "start", "min": "2023-01-01", "max": "2023-12-31", "share": 0.6},
    {"rule": "quarantine_share", "max": 0.5},
]
SCHEMA = "number STRING, start DATE, finish DATE, place STRING, batch_id STRING"


def verdict(spark: SparkSession, rows: list[tuple[str, str, str | None, str]], counts: Counts) -> tuple[str, ...]:
    from pyspark.sql import functions as F

    text = spark.createDataFrame([(*row, "b") for row in rows], SCHEMA.replace("DATE", "STRING"))
    frame = text.withColumns({name: F.col(name).cast("date") for name in ("start", "finish")})
    content: dict[str, Any] = {**yaml.safe_load(VISITS), "table_rules": RULES}
    found = judge(Contract.model_validate(content), frame, counts)
    assert found.checks == len(RULES)
    return found.failed


def test_good_rows_pass(spark: SparkSession) -> None:
    rows = [
        ("1", "2023-01-02", None, "A"),
        ("2", "2023-01-02", "2023-01-03", "B"),
        ("3", "2020-01-02", "2023-01-03", "A"),
    ]
    assert verdict(spark, rows, Counts(4, 3, 1, 0)) == ()


def test_each_rule_says_what_failed_in_counts_and_never_in_values(spark: SparkSession) -> None:
    rows = [("SECRET", "2019-01-02", None, "SECRET"), ("SECRET", "2019-01-02", None, "A")]
    failed = verdict(spark, rows, Counts(8, 2, 6, 0))
    assert set(failed) == {
        "row_count between 3 and 5: found 2",
        "null_share of finish at most 0.5: 2 of 2 rows",
        "unique number: found 1",
        "values_in_codes of place: 1 of 2 rows",
        "between of start for at least 0.6: 2 of 2 rows",
        "quarantine_share at most 0.5: found 0.75",
    }
    assert "SECRET" not in " ".join(failed)

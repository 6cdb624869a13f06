"""Filters leave out what they name, count it once, and keep what has no value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from ingestion.derived.definition import Filter
from ingestion.derived.filters import left_out, misfit

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TYPES = {"q": "int", "top": "string", "ghm": "string", "eta": "string"}
ROWS: list[tuple[tuple[Any, ...], str | None]] = [
    ((71, None, None, None), "q71"),
    ((None, None, None, None), None),
    ((7, "1", "09M041", "750712184"), None),
    ((71, "2", "90Z00Z", "750712184"), "q71"),
    ((10, "2", None, None), "top2"),
    ((10, "3", "90Z00Z", None), "top2"),
    ((10, "x", None, None), None),
    ((10, "", "90Z00Z", None), "ghm90"),
    ((10, None, "190Z00", "130780521"), "twice"),
    ((None, "1", "", "13078052"), None),
]


def made(name: str, column: str, **condition: Any) -> Filter:
    return Filter(name=name, column=column, fr="f", en="e", **condition)


FILTERS = [
    made("q71", "q", equals=("71",)),
    made("top2", "top", at_least=2),
    made("ghm90", "ghm", starts_with=("90",)),
    made("twice", "eta", equals=("130780521", "690783154")),
]


@pytest.mark.spark
def test_the_first_filter_that_is_true_takes_the_row_and_null_is_kept(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [(place, *row) for place, (row, _) in enumerate(ROWS)], "place int, q int, top string, ghm string, eta string"
    )
    found = dict(map(tuple, frame.select("place", left_out(FILTERS, TYPES)).collect()))
    assert found == {place: wanted for place, (_, wanted) in enumerate(ROWS)}
    # What the plain condition would do: a null qualifier goes.
    assert frame.where("q <> 71").count() < sum(row[0] != 71 for row, _ in ROWS)
    absent = frame.select(left_out(FILTERS, {}).alias("out")).where(F.col("out").isNotNull())
    assert absent.count() == 0


def test_a_text_asked_of_a_number_is_a_misfit() -> None:
    assert misfit(made("a", "q", equals=("71", "AB")), "int")
    assert misfit(made("a", "q", equals=("",)), "decimal(9,2)")
    assert not misfit(made("a", "q", equals=("71", "-1.5")), "decimal(9,2)")
    assert not misfit(made("a", "ghm", equals=("AB",)), "string")
    assert not misfit(made("a", "q", at_least=2), "int")

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from projects.date_columns import coarse, shift_of
from projects.dates import EVERY, WEEKS, fits
from pseudonymization.digest import keyed_number_of, with_keys
from pseudonymization.keystore import KeyStore


@dataclass(frozen=True)
class Column:
    type: str = "string"
    sensitivity: str = "plain"
    calendar: str | None = None


DAY, MOMENT, PARTIAL = Column("date"), Column("timestamp"), Column("date", calendar="partial")
COLUMNS = {
    "day": DAY,
    "moment": MOMENT,
    "told": PARTIAL,
    "told_precision": Column(),
    "untold": Column("timestamp", calendar="partial"),
    "code": Column(),
}
ROW = (date(2024, 2, 29), datetime(2024, 3, 31, 23, 59), date(2024, 5, 17), "day", datetime(2024, 1, 1), "A10")
SCHEMA = "day date, moment timestamp, told date, told_precision string, untold timestamp, code string"


@pytest.mark.parametrize(
    ("column", "refused"),
    [
        (DAY, set()),
        (Column(calendar="month"), {"year", "shifted"}),
        (Column("int", calendar="year"), {"shifted"}),
        (Column("date", calendar="shared"), {"shifted"}),
        (PARTIAL, set()),
        (Column("text", sensitivity="free_text"), {"month", "year"}),
    ],
)
def test_a_column_fits_unless_it_tells_more_than_the_dates_may(column: Column, refused: set[str]) -> None:
    assert {one for one in EVERY if not fits(column, one)} == refused
    assert not fits(column, "sometimes")


def told(spark: SparkSession, dates: str, shift: int | None, row: tuple[Any, ...] = ROW) -> dict[str, Any]:
    frame = spark.createDataFrame([row], SCHEMA)
    days = None if shift is None else F.lit(shift)
    return frame.select(*[coarse(name, COLUMNS, dates, days).alias(name) for name in COLUMNS]).collect()[0].asDict()


@pytest.mark.spark
def test_dates_are_exact_to_the_month_or_to_the_year(spark: SparkSession) -> None:
    assert tuple(told(spark, "exact", None).values()) == ROW
    month, year = told(spark, "month", None), told(spark, "year", None)
    assert (month["day"], month["moment"], month["code"]) == (date(2024, 2, 1), datetime(2024, 3, 1), "A10")
    assert (year["day"], year["moment"], year["told"]) == (date(2024, 1, 1), datetime(2024, 1, 1), date(2024, 1, 1))


@pytest.mark.spark
def test_shifted_dates_keep_the_hour_and_what_is_no_date_of_a_life_is_not_moved(spark: SparkSession) -> None:
    moved = told(spark, "shifted", -14)
    assert moved["day"] == date(2024, 2, 15)
    assert moved["moment"] == datetime(2024, 3, 17, 23, 59)
    assert moved["told"] == date(2024, 5, 3)
    assert moved["code"] == "A10"
    # Who knows the month alone would read the shift off a first of the month.
    assert moved["untold"] is None
    others = (date(1600, 1, 1), datetime(2999, 12, 31), date(2024, 5, 1), "month", datetime(2024, 1, 1, 8, 0), None)
    kept = told(spark, "shifted", -14, others)
    assert (kept["day"], kept["moment"]) == (date(1600, 1, 1), datetime(2999, 12, 31))
    assert kept["told"] is None
    assert kept["untold"] == datetime(2023, 12, 18, 8, 0)
    nothing = told(spark, "shifted", 7, (None,) * len(ROW))
    assert set(nothing.values()) == {None}


@pytest.mark.spark
def test_a_row_that_names_nobody_has_no_shifted_date(spark: SparkSession) -> None:
    nobody = spark.createDataFrame([ROW], SCHEMA).withColumn("shift", F.lit(None).cast("int"))
    rows = nobody.select(coarse("day", COLUMNS, "shifted", F.col("shift")).alias("day")).collect()
    assert rows[0]["day"] is None


@pytest.mark.spark
def test_shifts_are_whole_weeks_of_every_size_but_none(spark: SparkSession, tmp_path: Path) -> None:
    key = KeyStore.create(tmp_path / "keys.json").derive("project/p0001/dates")
    persons = [f"P:{number}" for number in range(3000)]
    frame = with_keys(spark.createDataFrame([(one,) for one in persons], "person string"), spark, {"dates": key})
    found = dict(frame.select("person", shift_of(F.col("person"))).collect())
    assert set(found.values()) == {7 * week for week in range(-WEEKS, WEEKS + 1) if week}
    for person in persons[:20]:
        number = keyed_number_of(key, person)
        assert number is not None
        week = number % (2 * WEEKS) - WEEKS
        assert found[person] == 7 * (week if week < 0 else week + 1)

"""The dates of an extract as Spark columns; `projects.dates` has the rules."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from projects.dates import EXACT, FIRST, LAST, MONTH, PURPOSE, WEEKS, YEAR, Dated, is_date
from pseudonymization.digest import keyed_number
from pseudonymization.text.kept_dates import dates_column, with_moved_dates


def coarse(name: str, columns: Mapping[str, Dated], dates: str, shift: Column | None) -> Column:
    """The value of a column as `dates` lets it be told; its type is kept.

    `shift` is in days, and null for a row that names nobody: such a row has no shifted dates.
    """
    value, column = F.col(name), columns[name]
    if column.sensitivity == "free_text" and shift is not None:
        return with_moved_dates(value, F.col(dates_column(name)), shift, FIRST, LAST)
    if dates == EXACT or not is_date(column):
        return value
    moment = column.type == "timestamp"
    if dates in (MONTH, YEAR):
        return F.date_trunc(dates, value) if moment else F.trunc(value, dates)
    if shift is None:
        return F.lit(None).cast(column.type)
    moved = value + F.make_dt_interval(shift) if moment else F.date_add(value, shift)
    if column.calendar == "partial":
        moved = F.when(_known_to_the_day(name, columns), moved)
    none_at_all = (value.cast("date") < F.lit(FIRST)) | (value.cast("date") > F.lit(LAST))
    return F.when(none_at_all, value).otherwise(moved)


def shift_of(person: Column) -> Column:
    """Days by which a person's dates move in this project; null for nobody. The frame has the pads of `PURPOSE`."""
    weeks = F.pmod(keyed_number(PURPOSE, person), F.lit(2 * WEEKS)).cast("int") - F.lit(WEEKS)
    return F.lit(7) * F.when(weeks < 0, weeks).otherwise(weeks + 1)


def _known_to_the_day(name: str, columns: Mapping[str, Dated]) -> Column:
    """The column beside it tells; where none does, a first of the month at midnight may stand for the whole month."""
    value = F.col(name)
    perhaps = (F.dayofmonth(value) != 1) | (value.cast("timestamp") != F.date_trunc("day", value))
    told = f"{name}_precision"
    if told not in columns:
        return perhaps
    return F.coalesce(~F.col(told).isin("year", "month"), perhaps)

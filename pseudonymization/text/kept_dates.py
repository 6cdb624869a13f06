"""Dates beside scrubbed notes: where each stood and what it said, to be told again, moved, without detecting again.

`<text column>__dates` is array<struct<start, end, date>>: characters of the scrubbed note, and ISO 8601 as far as it
was written, or null where it is not certain.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

DATES_TYPE = "array<struct<start:int,end:int,date:string>>"
_WHOLE = len("2020-01-31")


def dates_column(text_column: str) -> str:
    """The column that holds the dates of the scrubbed notes of `text_column`."""
    return f"{text_column}__dates"


def with_moved_dates(text: Column, dates: Column, days: Column, first: date, last: date) -> Column:
    """The scrubbed notes with each whole date moved by `days` in the place of its tag, as `2020-01-31`.

    The tag stays where the day is not known, where the date is outside `first` to `last`, and where `days` is null.
    """

    def told(note: Column, one: Column, by: Column) -> Column:
        moved = F.date_format(F.date_add(one["date"].cast("date"), by), "yyyy-MM-dd")
        rest = F.substr(note, one["end"] + 1)
        return F.concat(F.substr(note, F.lit(1), one["start"]), moved, rest)

    def known(one: Column) -> Column:
        day = one["date"].try_cast("date")
        return (F.length(one["date"]) == _WHOLE) & day.between(F.lit(first), F.lit(last))

    # From the last to the first, so that what stands before keeps its place. The days are bound once, not once a date.
    backwards = F.reverse(F.array_sort(F.filter(F.coalesce(dates, F.array().cast(DATES_TYPE)), known)))
    every = F.transform(
        F.array(days), lambda by: F.when(by.isNull(), text).otherwise(
            F.reduce(backwards, text, lambda note, one: told(note, one, by))
        )
    )  # fmt: skip
    return every[0]

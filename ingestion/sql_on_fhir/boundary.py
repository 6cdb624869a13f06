"""`lowBoundary()` and `highBoundary()`: the least and the greatest value that what was written may stand for.

Source: FHIRPath STU, "Utility functions". Precisions are digits: 4, 6, 8 of a date, up to 17 of a dateTime, 2 to 9 of
a time, decimal places of a number. A dateTime without zone takes the earliest or latest one there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

_DAY_DIGITS: Final = 8
_DATE: Final[Mapping[int, int]] = {4: 4, 6: 7, 8: 10}
_CLOCK: Final[Mapping[int, int]] = {10: 2, 12: 5, 14: 8, 17: 12}
_TIME: Final[Mapping[int, int]] = {2: 2, 4: 5, 6: 8, 9: 12}
_DECIMAL_PLACES: Final = 8
_MOST_PLACES: Final = 28
_PLACES_READ: Final = 15
_PLACES_KEPT: Final = 17
_EXACT: Final = f"decimal(38,{_PLACES_KEPT})"
_EARLIEST, _LATEST = "+14:00", "-12:00"

_DATE_PART = r"^(\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:T|$)"
_CLOCK_PART = r"^[0-9-]{10}T(\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)"
_ZONE_PART = r"T.*?(Z|[+-]\d{2}:\d{2})$"
_TIME_PART = r"^(\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)$"


def of_date(text: Column, high: bool, digits: int | None) -> Column:
    """A date's boundary as text; null for what is no date, or a precision that a date does not have."""
    length = _DATE.get(8 if digits is None else digits)
    if length is None:
        return F.lit(None).cast("string")
    return F.nullif(F.left(_day(text, high), F.lit(length)), F.lit(""))


def of_date_time(text: Column, high: bool, digits: int | None) -> Column:
    """A dateTime's or instant's boundary as text."""
    if digits is not None and digits <= _DAY_DIGITS:
        return of_date(text, high, digits)
    length = _CLOCK.get(17 if digits is None else digits)
    if length is None:
        return F.lit(None).cast("string")
    clock = _filled(F.regexp_extract(text, _CLOCK_PART, 1), high)
    zone = F.regexp_extract(text, _ZONE_PART, 1)
    zone = F.when(zone == "", F.lit(_LATEST if high else _EARLIEST)).otherwise(zone)
    day = _day(text, high)
    return F.when(day != "", F.concat(day, F.lit("T"), F.left(clock, F.lit(length)), zone))


def of_time(text: Column, high: bool, digits: int | None) -> Column:
    """A time's boundary as text."""
    length = _TIME.get(9 if digits is None else digits)
    if length is None:
        return F.lit(None).cast("string")
    time = F.regexp_extract(text, _TIME_PART, 1)
    return F.when(time != "", F.left(_filled(time, high), F.lit(length)))


def of_text(text: Column, high: bool, digits: int | None) -> Column:
    """The boundary of a text whose type is not known, by its form."""
    return (
        F.when(text.rlike(r"^\d{2}:"), of_time(text, high, digits))
        .when(text.contains("T"), of_date_time(text, high, digits))
        .otherwise(of_date(text, high, digits))
    )


def of_number(text: Column, high: bool, digits: int | None) -> Column:
    """A decimal's boundary, from the text it was written as: half a unit of its last place away."""
    places = _DECIMAL_PLACES if digits is None else digits
    if not 0 <= places <= _MOST_PLACES:
        return F.lit(None).cast("double")
    exponent = F.coalesce(F.regexp_extract(text, r"[eE]([+-]?\d+)$", 1).try_cast("int"), F.lit(0))
    written = F.length(F.regexp_extract(text, r"\.(\d+)", 1)) - exponent
    half = F.when(written <= 0, (F.pow(F.lit(10), -written) / 2).try_cast(_EXACT))
    for place in range(1, _PLACES_READ + 1):
        half = half.when(written == place, F.lit(f"0.{'0' * place}5").cast(_EXACT))
    value = text.try_cast(_EXACT)
    edge = (value + half if high else value - half).try_cast(_EXACT)
    if places > _PLACES_KEPT:
        return edge.cast("double")
    return (F.ceil if high else F.floor)(edge, F.lit(places)).cast("double")


def instants(text: Column, time: bool) -> tuple[Column, Column]:
    """The first and the last instant (timestamps) that a date, dateTime or time may stand for, UTC without a zone."""
    moment = F.concat(F.lit("1970-01-01T"), text) if time else text
    low, high = (of_date_time(moment, end, None) for end in (False, True))
    has_zone = F.regexp_extract(moment, _ZONE_PART, 1) != ""
    whole = F.regexp_extract(moment, _CLOCK_PART, 1).rlike(r":\d{2}:\d{2}")

    def at(bound: Column) -> Column:
        return F.try_to_timestamp(F.when(has_zone, bound).otherwise(F.concat(F.left(bound, F.lit(23)), F.lit("Z"))))

    # Seconds and their fractions are one precision: such a value is one instant.
    return at(low), F.when(whole, at(low)).otherwise(at(high))


def _day(text: Column, high: bool) -> Column:
    """`YYYY-MM-DD` of the boundary; empty for what is no date."""
    date = F.regexp_extract(text, _DATE_PART, 1)
    first = F.concat(date, F.substring(F.lit("0000-01-01"), F.length(date) + 1, F.lit(10)))
    if not high:
        return F.when(date == "", F.lit("")).otherwise(first)
    last = F.date_format(F.last_day(first.try_cast("date")), "yyyy-MM-dd")
    by_length = (
        F.when(F.length(date) == 4, F.concat(date, F.lit("-12-31"))).when(F.length(date) == 7, last).otherwise(date)
    )
    return F.coalesce(by_length, F.lit(""))


def _filled(clock: Column, high: bool) -> Column:
    pattern = F.lit("23:59:59.999" if high else "00:00:00.000")
    return F.left(F.concat(clock, F.substring(pattern, F.length(clock) + 1, F.lit(12))), F.lit(12))

"""Dates as the tables write them, looked up by ordinal instead of formatted each time."""

from __future__ import annotations

from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FRENCH_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"),
    *("novembre", "décembre"),
)


class CalendarText:
    """Texts of every day from the year before `first` to the year after `last`; days are proleptic ordinals.

    `iso`: 2023-04-11; `month`: 202304; `french`: 11042023; `sas`: 11Apr2023 (a clock time is added where one is
    written); `next_month`: the first day of the following month, ISO.
    """

    def __init__(self, first: int, last: int) -> None:
        self.base = date(first - 1, 1, 1).toordinal()
        self.starts = {year: date(year, 1, 1).toordinal() for year in range(first - 1, last + 3)}
        days = [date.fromordinal(day) for day in range(self.base, self.starts[last + 2])]
        self.iso = [day.isoformat() for day in days]
        self.month = [f"{day.year}{day.month:02d}" for day in days]
        self.french = [f"{day.day:02d}{day.month:02d}{day.year}" for day in days]
        self.sas = [f"{day.day:02d}{_MONTHS[day.month - 1]}{day.year}" for day in days]
        self.next_month = [f"{day.year + day.month // 12}-{day.month % 12 + 1:02d}-01" for day in days]

    def days_of(self, year: int) -> int:
        """365 or 366."""
        return self.starts[year + 1] - self.starts[year]


def french_date(day: date, form: int) -> str:
    """One of the ways a French note writes a date: 03/04/1952, 3 avril 1952, 03.04.1952, 03-04-52, avril 1952."""
    if form == 0:
        return f"{day.day:02d}/{day.month:02d}/{day.year}"
    if form == 1:
        return f"{'1er' if day.day == 1 else day.day} {FRENCH_MONTHS[day.month - 1]} {day.year}"
    if form == 2:
        return f"{day.day:02d}.{day.month:02d}.{day.year}"
    if form == 3:
        return f"{day.day:02d}-{day.month:02d}-{day.year % 100:02d}"
    return f"{FRENCH_MONTHS[day.month - 1]} {day.year}"

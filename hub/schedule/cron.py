"""The instants of a cron line in a time zone; a change of the clocks neither loses nor doubles one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: No zone's clock was ever moved by more.
_SHIFT = timedelta(hours=26)


@dataclass(frozen=True)
class Cron:
    """Five fields and the name of a time zone.

    Each time that the fields name on the wall clock is one instant:

    * a time that the clocks jump over is taken as if they had not yet jumped (02:30 in Paris, on the last Sunday
      of March, is 03:30 summer time);
    * a time that comes twice is the first of the two, unless the job runs in every hour: then both are meant;
    * two times that fall on one instant are one interval.
    """

    fields: str
    zone: str

    @staticmethod
    def check(fields: str) -> None:
        """Raise `ValueError` with a sentence unless `fields` are five cron fields that name a time."""
        try:
            if len(fields.split()) != 5:
                raise CronSimError
            next(CronSim(fields, datetime(2000, 1, 1)))
        # A line such as `0 0 30 2 *` names no time at all.
        except (CronSimError, StopIteration, ValueError):
            raise ValueError("five cron fields are needed, such as `30 2 * * *`") from None

    def after(self, instant: datetime) -> Iterator[datetime]:
        """The instants later than `instant`, in order, in UTC."""
        start = instant.astimezone(self._zone).replace(tzinfo=None)
        if not self._calm(start):
            start -= _SHIFT
        # Around a change, wall times do not come in the order of their instants: there they wait for one another.
        waiting: set[datetime] = set()
        for wall in CronSim(self.fields, start):
            instants = {one for one in self._instants(wall) if one > instant}
            if self._calm(wall):
                yield from sorted(waiting | instants)
                waiting.clear()
            else:
                waiting |= instants
        yield from sorted(waiting)

    def between(self, first: datetime, last: datetime) -> list[datetime]:
        """The instants later than `first` and not later than `last`."""
        return list(takewhile(lambda one: one <= last, self.after(first)))

    def next(self, instant: datetime, count: int = 1) -> list[datetime]:
        """The next `count` instants after `instant`."""
        return list(islice(self.after(instant), count))

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _every_hour(self) -> bool:
        parsed = CronSim(self.fields, datetime(2000, 1, 1))
        return set(range(24)) <= set(parsed.hours)

    def _instants(self, wall: datetime) -> set[datetime]:
        first = wall.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        second = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        # In a gap the second reading comes before the first; where a time comes twice, after it.
        return {first, second} if second > first and self._every_hour else {first}

    def _calm(self, wall: datetime) -> bool:
        """Whether no change of the clocks is so near that it could put wall times out of order."""
        before = (wall - 2 * _SHIFT).replace(tzinfo=self._zone).utcoffset()
        return before == (wall + 2 * _SHIFT).replace(tzinfo=self._zone).utcoffset()

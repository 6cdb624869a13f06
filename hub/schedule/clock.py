"""The time by which jobs are due: that of the database, so that machines whose clocks differ agree."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from hub.errors import HubError


@dataclass(frozen=True)
class Pace:
    """How the schedule's time runs: from `origin` (seconds since 1970) on, `speed` times as fast as the database's.

    Only tests use another than the default: they let a day pass in a minute.
    """

    origin: float = 0.0
    speed: float = 1.0

    @classmethod
    def parse(cls, value: str) -> Pace:
        """`ORIGIN:SPEED`. Raises `HubError` for anything else."""
        origin, _, speed = value.partition(":")
        try:
            pace = cls(float(origin), float(speed))
        except ValueError:
            raise HubError("A pace is ORIGIN:SPEED, such as 1764000000:60.") from None
        if not 0 < pace.speed <= 100_000:
            raise HubError("The speed of a pace is above 0 and at most 100000.")
        return pace

    def instant(self, seconds: float) -> datetime:
        """The schedule's instant at `seconds` of the database's clock."""
        return datetime.fromtimestamp(self.origin + (seconds - self.origin) * self.speed, UTC)

    def wait(self, now: float, instant: datetime) -> float:
        """How many seconds of the database's clock lie between `now` and the schedule's `instant`."""
        return self.origin + (instant.timestamp() - self.origin) / self.speed - now


def database_time(connection: Connection) -> float:
    """Seconds since 1970 by the database's clock; SQLite lives on one machine and has that machine's."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def steady() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def moment(seconds: float) -> str:
    """`seconds` since 1970 as the records write moments: UTC, microseconds, ends in Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def due_text(instant: datetime) -> str:
    """An interval's instant as the records write it: UTC, whole seconds, ends in Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due_instant(text_of_instant: str) -> datetime:
    """The instant that `due_text` wrote."""
    return datetime.strptime(text_of_instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

"""What the schedule's records say, for people: jobs and their next intervals, runs, what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, Row, func, select

from hub.schedule.clock import Pace, database_time, due_instant, due_text
from hub.schedule.settings import JobSettings
from hub.schedule.tables import attempt, interval, job, mail


@dataclass(frozen=True)
class Run:
    """An interval and what became of it; `state` is running, waiting, done, failed or skipped."""

    job: str
    due: datetime
    kind: str
    state: str
    attempts: int
    step: str | None
    exit_code: int | None
    started_at: str | None
    finished_at: str | None
    host: str | None

    @property
    def due_at(self) -> str:
        """The interval as the records write it: UTC text ending in `Z`."""
        return due_text(self.due)


@dataclass(frozen=True)
class Attempt:
    """One try of an interval; moments are UTC text ending in `Z`, `finished_at` None while it goes on."""

    number: int
    command: str
    host: str
    started_at: str
    finished_at: str | None
    outcome: str | None
    exit_code: int | None


class Readings:
    """Reads only."""

    def __init__(self, engine: Engine, pace: Pace | None = None) -> None:
        self._engine = engine
        self._pace = pace or Pace()

    def now(self) -> datetime:
        """The schedule's present."""
        with self._engine.connect() as connection:
            return self._pace.instant(database_time(connection))

    def runs(self, *, name: str | None = None, states: Sequence[str] = (), last: int = 20) -> list[Run]:
        """The latest intervals first."""
        wanted = (
            select(interval, attempt.c.started_at, attempt.c.finished_at, attempt.c.host)
            .outerjoin(
                attempt,
                (attempt.c.job == interval.c.job)
                & (attempt.c.due_at == interval.c.due_at)
                & (attempt.c.attempt == interval.c.attempts),
            )
            .order_by(interval.c.due_at.desc(), interval.c.job)
            .limit(last)
        )
        if name is not None:
            wanted = wanted.where(interval.c.job == name)
        if states:
            wanted = wanted.where(interval.c.state.in_(states))
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(wanted)]

    def run(self, name: str, due_at: str) -> Run | None:
        """One interval."""
        wanted = (
            select(interval, attempt.c.started_at, attempt.c.finished_at, attempt.c.host)
            .outerjoin(
                attempt,
                (attempt.c.job == interval.c.job)
                & (attempt.c.due_at == interval.c.due_at)
                & (attempt.c.attempt == interval.c.attempts),
            )
            .where(interval.c.job == name, interval.c.due_at == due_at)
        )
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else _run(row)

    def attempts(self, name: str, due_at: str) -> list[Attempt]:
        """The tries of one interval, in order."""
        wanted = select(attempt).where(attempt.c.job == name, attempt.c.due_at == due_at).order_by(attempt.c.attempt)
        with self._engine.connect() as connection:
            return [
                Attempt(row.attempt, row.command, row.host, row.started_at, row.finished_at, row.outcome, row.exit_code)
                for row in connection.execute(wanted)
            ]

    def owed(self, wanted: JobSettings, first: datetime, last: datetime) -> list[datetime]:
        """The job's past intervals from `first` to `last`, both included, that are not done nor under way."""
        last = min(last, self.now())
        due = wanted.clock.between(first - timedelta(seconds=1), last)
        if not due:
            return []
        settled = (
            select(interval.c.due_at)
            .where(interval.c.job == wanted.name, interval.c.state.in_(("done", "running", "waiting")))
            .where(interval.c.due_at.between(due_text(due[0]), due_text(due[-1])))
        )
        with self._engine.connect() as connection:
            known = set(connection.execute(settled).scalars())
        return [one for one in due if due_text(one) not in known]

    def seen(self) -> bool:
        """Whether any schedule was ever run on this database."""
        with self._engine.connect() as connection:
            return connection.execute(select(job.c.job).limit(1)).first() is not None

    def waiting_mail(self) -> int:
        """How many mails no server has taken yet."""
        with self._engine.connect() as connection:
            return int(
                connection.execute(select(func.count()).select_from(mail).where(mail.c.state == "waiting")).scalar_one()
            )


def _run(row: Row[tuple[object, ...]]) -> Run:
    values = row._mapping
    return Run(
        job=values["job"],
        due=due_instant(values["due_at"]),
        kind=values["kind"],
        state=values["state"],
        attempts=values["attempts"],
        step=values["step"],
        exit_code=values["exit_code"],
        started_at=values["started_at"],
        finished_at=values["finished_at"],
        host=values["host"],
    )

"""The ledger of intervals: who runs what now, what is owed, what became of it; one truth for every runner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine, Update, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from hub.schedule.clock import Pace, database_time, due_instant, due_text, moment, steady
from hub.schedule.letter import Failure, Tell
from hub.schedule.owed import owed_by_the_clock
from hub.schedule.settings import JobSettings
from hub.schedule.tables import attempt, interval, job, mail

Kind = Literal["clock", "backfill", "hand"]
Outcome = Literal["done", "failed", "too_long", "stopped"]
#: An interval whose runners were killed this often is given up: the job may be what kills them.
LOST = 3
#: The longest wait before a retry, in seconds.
LONGEST_WAIT = 3600


@dataclass(frozen=True)
class Claim:
    """One run of one interval, held by one runner until `lease_ends` (of this process's `steady` clock)."""

    job: str
    due: datetime
    kind: Kind
    attempt: int
    holder: str
    lease_ends: float

    @property
    def due_at(self) -> str:
        """The interval as it is written."""
        return due_text(self.due)


class ScheduleLedger:
    """Claims intervals and writes what became of them.

    A claim holds the job's row (so that no two intervals of a job overlap) and writes the interval's row, whose
    key (job, due_at) is the database's own guarantee that an interval begins once. `lease` is in seconds.
    """

    def __init__(
        self, engine: Engine, host: str, *, pace: Pace | None = None, lease: float = 60.0, tell: Tell | None = None
    ) -> None:
        self._engine = engine
        self._host = host
        self._tell = tell
        self.pace = pace or Pace()
        self.lease = lease

    def now(self) -> float:
        """Seconds since 1970 by the database's clock."""
        with self._engine.connect() as connection:
            return database_time(connection)

    def register(self, name: str) -> None:
        """Make the job known: intervals count from this moment on, the first time it is seen."""
        with self._engine.begin() as connection:
            if connection.execute(select(job.c.job).where(job.c.job == name)).first() is not None:
                return
            cursor = due_text(self.pace.instant(database_time(connection)))
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(job).values(job=name, cursor=cursor))
        except IntegrityError:
            return  # Another runner was faster.

    def wake(self, wanted: JobSettings) -> float:
        """In how many seconds, at the soonest, there may be something to claim; only reads."""
        with self._engine.connect() as connection:
            now = database_time(connection)
            row = connection.execute(select(job).where(job.c.job == wanted.name)).one()
            if row.lease_until is not None and row.lease_until >= now:
                return float(row.lease_until - now)
            opened = connection.execute(
                select(interval.c.not_before)
                .where(interval.c.job == wanted.name, interval.c.state.in_(("running", "waiting")))
                .order_by(interval.c.due_at)
            ).first()
            if opened is not None:
                return max(0.0, (opened.not_before or 0.0) - now)
            following = wanted.clock.next(due_instant(row.cursor))
            return max(0.0, self.pace.wait(now, following[0])) if following else float("inf")

    def claim(self, wanted: JobSettings, holder: str) -> Claim | None:
        """Take the interval that is owed first, if any; retries and those of killed runners come before new ones."""
        with self._engine.begin() as connection:
            now = self._hold(connection, wanted.name, holder)
            if now is None:
                return None
            for row in connection.execute(
                select(interval)
                .where(interval.c.job == wanted.name, interval.c.state.in_(("running", "waiting")))
                .order_by(interval.c.due_at)
            ).all():
                if row.state == "running" and self._bury(connection, wanted, row.due_at, row.kind, row.attempts, now):
                    continue
                if row.state == "waiting" and row.not_before > now:
                    self._release(connection, wanted.name, holder)
                    return None
                return self._begin(connection, wanted, due_instant(row.due_at), row.kind, holder, now)
            due = owed_by_the_clock(connection, wanted, self.pace.instant(now), now)
            if due is None:
                self._release(connection, wanted.name, holder)
                return None
            return self._begin(connection, wanted, due, "clock", holder, now)

    def claim_interval(self, wanted: JobSettings, due: datetime | None, kind: Kind, holder: str) -> Claim | None:
        """Take this very interval (None: the present instant), out of its turn; None while the job is running."""
        with self._engine.begin() as connection:
            now = self._hold(connection, wanted.name, holder)
            if now is None:
                return None
            if due is None:
                due = self.pace.instant(now).replace(microsecond=0)
                # A cron line names whole minutes: a run by hand takes none of its instants.
                while due.second == 0 or self._state(connection, wanted.name, due) is not None:
                    due += timedelta(seconds=1)
            elif self._state(connection, wanted.name, due) in ("done", "running", "waiting"):
                self._release(connection, wanted.name, holder)
                return None
            return self._begin(connection, wanted, due, kind, holder, now)

    def state(self, name: str, due: datetime) -> str | None:
        """The state of an interval; None when it was never begun nor skipped."""
        with self._engine.connect() as connection:
            return self._state(connection, name, due)

    def renew(self, claim: Claim, step: str | None = None) -> float | None:
        """Lengthen the lease and note the progress; the new `lease_ends`, or None when another runner took over."""
        asked = steady()
        with self._engine.begin() as connection:
            held = connection.execute(
                update(job)
                .where(job.c.job == claim.job, job.c.holder == claim.holder)
                .values(lease_until=database_time(connection) + self.lease)
            )
            if held.rowcount != 1:
                return None
            if step is not None:
                connection.execute(_of(update(interval), claim).values(step=step[:200]))
        return asked + self.lease

    def finish(self, claim: Claim, wanted: JobSettings, outcome: Outcome, exit_code: int | None) -> str | None:
        """Write what became of a claim and let the job go; returns the interval's state.

        `failed` and `too_long` wait for a retry while there is one, and are given up and told by mail after;
        `stopped` waits for whoever runs next. None, and nothing written, when another runner took over.
        """
        with self._engine.begin() as connection:
            held = connection.execute(
                update(job)
                .where(job.c.job == claim.job, job.c.holder == claim.holder)
                .values(holder=None, lease_until=None)
            )
            if held.rowcount != 1:
                return None
            now = database_time(connection)
            connection.execute(
                update(attempt)
                .where(attempt.c.job == claim.job, attempt.c.due_at == claim.due_at, attempt.c.attempt == claim.attempt)
                .values(finished_at=moment(now), outcome=outcome, exit_code=exit_code)
            )
            state, not_before = self._verdict(connection, claim, wanted, outcome, now)
            connection.execute(
                _of(update(interval), claim).values(
                    state=state, not_before=not_before, exit_code=exit_code, holder=None, changed_at=moment(now)
                )
            )
            if state == "failed" and claim.kind != "hand":
                self._tell_of(connection, wanted, claim.due, claim.attempt, outcome, exit_code, now)
            return state

    def _verdict(
        self, connection: Connection, claim: Claim, wanted: JobSettings, outcome: Outcome, now: float
    ) -> tuple[str, float | None]:
        if outcome == "done":
            return "done", None
        if claim.kind == "hand":
            return "failed", None
        if outcome == "stopped":
            return "waiting", now
        failures = self._count(connection, claim.job, claim.due_at, ("failed", "too_long"))
        if failures > wanted.retries:
            return "failed", None
        return "waiting", now + min(LONGEST_WAIT, wanted.backoff * 2 ** (failures - 1))

    def _hold(self, connection: Connection, name: str, holder: str) -> float | None:
        """Hold the job's row; the time, or None when somebody holds it.

        First in its transaction: SQLite takes its write lock here, PostgreSQL the row's.
        """
        now = database_time(connection)
        held = connection.execute(
            update(job)
            .where(job.c.job == name, or_(job.c.lease_until.is_(None), job.c.lease_until < now))
            .values(holder=holder, lease_until=now + self.lease)
        )
        return now if held.rowcount == 1 else None

    def _release(self, connection: Connection, name: str, holder: str) -> None:
        connection.execute(
            update(job).where(job.c.job == name, job.c.holder == holder).values(holder=None, lease_until=None)
        )

    def _bury(
        self, connection: Connection, wanted: JobSettings, due_at: str, kind: str, attempts: int, now: float
    ) -> bool:
        """Write that a run's runner is gone; whether the interval is given up with it."""
        connection.execute(
            update(attempt)
            .where(attempt.c.job == wanted.name, attempt.c.due_at == due_at, attempt.c.outcome.is_(None))
            .values(outcome="lost", finished_at=moment(now))
        )
        if kind != "hand" and self._count(connection, wanted.name, due_at, ("lost",)) < LOST:
            return False
        connection.execute(
            update(interval)
            .where(interval.c.job == wanted.name, interval.c.due_at == due_at)
            .values(state="failed", holder=None, changed_at=moment(now))
        )
        self._tell_of(connection, wanted, due_instant(due_at), attempts, "lost", None, now)
        return True

    def _state(self, connection: Connection, name: str, due: datetime) -> str | None:
        found = select(interval.c.state).where(interval.c.job == name, interval.c.due_at == due_text(due))
        state: str | None = connection.execute(found).scalar_one_or_none()
        return state

    def _begin(
        self, connection: Connection, wanted: JobSettings, due: datetime, kind: Kind, holder: str, now: float
    ) -> Claim:
        asked = steady()
        due_at = due_text(due)
        here = (interval.c.job == wanted.name, interval.c.due_at == due_at)
        number = connection.execute(select(interval.c.attempts).where(*here)).scalar_one_or_none()
        values = {
            "state": "running", "kind": kind, "attempts": (number or 0) + 1, "holder": holder, "not_before": None,
            "step": None, "exit_code": None, "changed_at": moment(now),
        }  # fmt: skip
        if number is None:
            connection.execute(insert(interval).values(job=wanted.name, due_at=due_at, **values))
        else:
            connection.execute(update(interval).where(*here).values(**values))
        connection.execute(
            insert(attempt).values(
                job=wanted.name,
                due_at=due_at,
                attempt=(number or 0) + 1,
                command=" ".join(wanted.words)[:500],
                host=self._host[:100],
                started_at=moment(now),
            )
        )
        return Claim(wanted.name, due, kind, (number or 0) + 1, holder, asked + self.lease)

    def _count(self, connection: Connection, name: str, due_at: str, outcomes: tuple[str, ...]) -> int:
        return int(
            connection.execute(
                select(func.count())
                .select_from(attempt)
                .where(attempt.c.job == name, attempt.c.due_at == due_at, attempt.c.outcome.in_(outcomes))
            ).scalar_one()
        )

    def _tell_of(
        self,
        connection: Connection,
        wanted: JobSettings,
        due: datetime,
        attempts: int,
        outcome: str,
        exit_code: int | None,
        now: float,
    ) -> None:
        """Put a mail beside the verdict, in its transaction: neither is there without the other."""
        if self._tell is None:
            return
        failure = Failure(wanted.name, due, wanted.timezone, attempts, outcome, exit_code, self._host)
        subject, body = self._tell(failure)
        connection.execute(
            insert(mail).values(
                created_at=moment(now), subject=subject, body=body, state="waiting", attempts=0, not_before=now
            )
        )


def _of(statement: Update, claim: Claim) -> Update:
    return statement.where(interval.c.job == claim.job, interval.c.due_at == claim.due_at)

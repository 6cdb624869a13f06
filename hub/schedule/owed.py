"""Which interval the clock owes now, and what a job's `missed` lets go."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, insert, select, update

from hub.schedule.clock import due_instant, due_text, moment
from hub.schedule.settings import JobSettings
from hub.schedule.tables import interval, job

#: An interval is late, and `missed: skip` lets it go, after as many seconds of the schedule's time.
GRACE = 300
#: How many missed intervals are looked at in one transaction.
CHUNK = 5000


def owed_by_the_clock(connection: Connection, wanted: JobSettings, present: datetime, now: float) -> datetime | None:
    """The interval to run at `present`, None when none is; moves the job's cursor, and writes the skipped ones.

    The caller holds the job's row.
    """
    cursor = due_instant(connection.execute(select(job.c.cursor).where(job.c.job == wanted.name)).scalar_one())
    missed = [due for due in islice(wanted.clock.after(cursor), CHUNK) if due <= present]
    if not missed:
        return None
    # What a backfill was at before the clock came.
    there = select(interval.c.due_at).where(
        interval.c.job == wanted.name, interval.c.due_at.between(due_text(missed[0]), due_text(missed[-1]))
    )
    known = {due_instant(one) for one in connection.execute(there).scalars()}
    new = [due for due in missed if due not in known]
    chosen = _chosen(wanted, missed, new, present)
    upto = chosen if wanted.missed == "each" and chosen is not None else missed[-1]
    skipped = [due for due in new if due <= upto and due != chosen]
    if skipped:
        rows = [
            {
                "job": wanted.name,
                "due_at": due_text(due),
                "kind": "clock",
                "state": "skipped",
                "attempts": 0,
                "changed_at": moment(now),
            }
            for due in skipped
        ]
        connection.execute(insert(interval), rows)
    connection.execute(update(job).where(job.c.job == wanted.name).values(cursor=due_text(upto)))
    return chosen


def _chosen(wanted: JobSettings, missed: list[datetime], new: list[datetime], present: datetime) -> datetime | None:
    if wanted.missed == "each":
        return new[0] if new else None
    # The latest of a full chunk may not be the latest of all.
    if len(missed) == CHUNK or missed[-1] not in new:
        return None
    late = (present - missed[-1]).total_seconds() > GRACE
    return None if wanted.missed == "skip" and late else missed[-1]

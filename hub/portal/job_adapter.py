"""The schedule's records for the page of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from governance.clock import to_text
from hub.compose import Hub
from hub.portal.adapters import batch_view
from hub.portal.job_views import Job, RunDetail
from hub.portal.views import Batch
from hub.schedule.clock import due_text
from hub.schedule.process import log_file
from hub.schedule.reading import Attempt, Readings, Run

LAST_RUNS = 50
#: Bytes of the end of a log that the page shows.
LOG_END = 20_000


class Jobs:
    """Jobs and runs of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readings = Readings(hub.engine)

    def jobs(self) -> Sequence[Job]:
        """The jobs of `hub.yaml`, by name."""
        present = self._readings.now()
        found = []
        for job in sorted(self._hub.settings.schedule, key=lambda one: one.name):
            due = job.clock.next(present)
            last = self._readings.runs(name=job.name, states=("running", "waiting", "done", "failed"), last=1)
            found.append(
                Job(
                    name=job.name,
                    command=f"hub {' '.join(job.words)}",
                    cron=job.cron,
                    timezone=job.timezone,
                    next_at=to_text(due[0]) if due else None,
                    last=last[0] if last else None,
                )
            )
        return found

    def under_way(self) -> Sequence[Run]:
        """What runs now or waits for a retry."""
        return self._readings.runs(states=("running", "waiting"), last=LAST_RUNS)

    def runs(self) -> Sequence[Run]:
        """The latest intervals first."""
        return self._readings.runs(last=LAST_RUNS)

    def run(self, job: str, due_at: str) -> RunDetail | None:
        """One interval with its tries, its batches and the end of its log."""
        run = self._readings.run(job, due_at)
        if run is None:
            return None
        attempts = self._readings.attempts(job, due_at)
        log = log_file(self._hub.home.logs, run.job, due_text(run.due), run.attempts)
        return RunDetail(run, attempts, self._batches(attempts), _end_of(log))

    def waiting_mail(self) -> int:
        """How many mails no server has taken yet."""
        return self._readings.waiting_mail()

    def _batches(self, attempts: Sequence[Attempt]) -> list[Batch]:
        """The batches of the job's source that were finished while a try went on."""
        found = []
        for batch in self._hub.ledger.batches():
            at = batch.finished_at or batch.taken_at
            if any(
                one.command.split()[:2] == ["ingest", batch.source] and one.started_at <= at <= (one.finished_at or "9")
                for one in attempts
            ):
                found.append(batch_view(batch))
        return found


def _end_of(log: Path) -> str | None:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_END))
            return file.read().decode(errors="replace")
    except OSError:
        return None

"""What the page of jobs shows: the schedule's own records, their next hours, and the logs of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.portal.views import Batch
from hub.schedule.reading import Attempt, Run


@dataclass(frozen=True)
class Job:
    """A job of `hub.yaml`; `next_at` is UTC text ending in `Z`, `last` its latest interval that has begun."""

    name: str
    command: str
    cron: str
    timezone: str
    next_at: str | None
    last: Run | None


@dataclass(frozen=True)
class RunDetail:
    """One interval: its tries, the batches that were finished meanwhile, the log (None: not on this machine)."""

    run: Run
    attempts: Sequence[Attempt]
    batches: Sequence[Batch]
    log: str | None


class JobsView(Protocol):
    """Tells of the schedule."""

    def jobs(self) -> Sequence[Job]:
        """The declared jobs."""

    def under_way(self) -> Sequence[Run]:
        """What runs now or waits for a retry."""

    def runs(self) -> Sequence[Run]:
        """The latest intervals first."""

    def run(self, job: str, due_at: str) -> RunDetail | None:
        """One interval, None when there is none."""

    def waiting_mail(self) -> int:
        """How many mails no server has taken yet."""


class NoJobs:
    """A hub without a schedule."""

    def jobs(self) -> Sequence[Job]:
        """None."""
        return ()

    def under_way(self) -> Sequence[Run]:
        """Nothing."""
        return ()

    def runs(self) -> Sequence[Run]:
        """Nothing."""
        return ()

    def run(self, job: str, due_at: str) -> RunDetail | None:  # noqa: ARG002
        """Nothing."""
        return None

    def waiting_mail(self) -> int:
        """None."""
        return 0

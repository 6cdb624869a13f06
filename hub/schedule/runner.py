"""Runs jobs when they are owed; any number of runners, on any number of machines, share one ledger."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError

from hub.errors import HubError
from hub.schedule.ledger import Claim, ScheduleLedger
from hub.schedule.outbox import Outbox
from hub.schedule.process import JobProcess, log_file
from hub.schedule.settings import JobSettings

Say = Callable[[str], None]
#: Seconds between two looks for what others left: retries, runs of killed runners, mail.
POLL = 5.0


class Runner:
    """One of those who run the schedule."""

    def __init__(
        self,
        jobs: Sequence[JobSettings],
        ledger: ScheduleLedger,
        *,
        home: Path,
        logs: Path,
        say: Say,
        outbox: Outbox | None = None,
        poll: float = POLL,
    ) -> None:
        self._jobs = list(jobs)
        self._ledger = ledger
        self._home = home
        self._logs = logs
        self._say = say
        self._outbox = outbox
        self._poll = poll
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._busy: set[str] = set()
        self._threads: list[threading.Thread] = []

    def stop(self) -> None:
        """Begin nothing more, and end what runs: it waits for whoever runs the schedule next."""
        self._stop.set()
        self._ended.set()

    def run(self) -> None:
        """Run every job at its hours until `stop`. Raises `HubError` when there is none to run."""
        if not self._jobs:
            raise HubError(
                "No job is declared: add some under `schedule:` in hub.yaml; docs/operator.md has an example."
            )
        self._register()
        try:
            while not self._stop.is_set():
                self._ended.clear()
                self._ended.wait(max(0.0, min(self._poll, self._turn())))
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def once(self, job: JobSettings, due: datetime | None = None, *, backfill: bool = False) -> int | None:
        """Run one job now, in the foreground, for this interval or the present; the exit code.

        None when it does not run: another run of the job is going, or the interval is done already.
        """
        self._ledger.register(job.name)
        claim = self._ledger.claim_interval(job, due, "backfill" if backfill else "hand", self._holder())
        return None if claim is None else self._perform(job, claim)

    def backfill(self, job: JobSettings, due: Sequence[datetime]) -> dict[datetime, int | None]:
        """Run these intervals in order, waiting while the job is running elsewhere.

        Exit codes by interval; None for one that somebody else has done, or is to try again, by now.
        """
        self._ledger.register(job.name)
        codes: dict[datetime, int | None] = {}
        for one in due:
            codes[one] = None
            while not self._stop.is_set() and self._ledger.state(job.name, one) not in ("done", "running", "waiting"):
                code = self.once(job, one, backfill=True)
                if code is not None:
                    codes[one] = code
                    break
                self._stop.wait(1.0)
        return codes

    def _register(self) -> None:
        while not self._stop.is_set():
            try:
                for job in self._jobs:
                    self._ledger.register(job.name)
                return
            except DBAPIError:
                self._unreachable()

    def _turn(self) -> float:
        """Begin what is owed, send what waits; seconds until there may be more."""
        wait = self._poll
        try:
            for job in self._jobs:
                if job.name in self._busy:
                    continue
                soon = self._ledger.wake(job)
                if soon > 0:
                    wait = min(wait, soon)
                    continue
                claim = self._ledger.claim(job, self._holder())
                wait = min(wait, 0.05 if claim is None else wait)
                if claim is not None:
                    self._start(job, claim)
            if self._outbox is not None:
                self._mail()
        except DBAPIError:
            self._unreachable()
        return wait

    def _start(self, job: JobSettings, claim: Claim) -> None:
        self._busy.add(job.name)
        thread = threading.Thread(target=self._perform, args=[job, claim], name=job.name)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _mail(self) -> None:
        sent, failed = self._outbox.send() if self._outbox is not None else (0, 0)
        if sent:
            self._say(f"{_now()} mail: {sent} sent")
        if failed:
            self._say(f"{_now()} mail: {failed} not taken by the server; tried again later")

    def _perform(self, job: JobSettings, claim: Claim) -> int:
        try:
            return self._run_claim(job, claim)
        finally:
            self._busy.discard(job.name)
            self._ended.set()

    def _run_claim(self, job: JobSettings, claim: Claim) -> int:
        due = f"{claim.due.astimezone(ZoneInfo(job.timezone)):%Y-%m-%d %H:%M}"
        again = f", attempt {claim.attempt}" if claim.attempt > 1 else ""
        self._say(f"{_now()} {job.name} of {due}{again}: started")
        log = log_file(self._logs, job.name, claim.due_at, claim.attempt)
        # Who starts a job by hand looks on.
        echo = self._say if claim.kind == "hand" else None
        process = JobProcess(claim, job.words, home=self._home, log=log, echo=echo)
        ended = process.wait(
            lambda step: self._ledger.renew(claim, step),
            lease=self._ledger.lease,
            time_limit=job.time_limit,
            stop=self._stop,
        )
        state = self._finish(job, claim, ended) if ended is not None else None
        code = ended[1] if ended is not None else None
        self._say(f"{_now()} {job.name} of {due}{again}: {_ending(state, ended)}")
        return code if code is not None else 1

    def _finish(self, job: JobSettings, claim: Claim, ended: tuple[str, int | None]) -> str | None:
        """Write the verdict; while the database is away, again and again, as long as nobody else took over."""
        outcome, code = ended
        while True:
            try:
                return self._ledger.finish(claim, job, outcome, code)  # type: ignore[arg-type]
            except DBAPIError:
                if self._stop.is_set():
                    return None
                self._unreachable()

    def _unreachable(self) -> None:
        self._say(f"{_now()} the records database does not answer; trying again")
        self._stop.wait(self._poll)

    def _holder(self) -> str:
        return f"{os.uname().nodename[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def _ending(state: str | None, ended: tuple[str, int | None] | None) -> str:
    if ended is None or state is None:
        return "left to another runner"
    outcome, code = ended
    if outcome == "done":
        return "done"
    how = {"failed": f"failed with exit code {code}", "too_long": "ended at its time limit", "stopped": "stopped"}
    return how[outcome] + (", will be tried again" if state == "waiting" else "")


def _now() -> str:
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"

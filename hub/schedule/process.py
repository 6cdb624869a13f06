"""One run of a job as a process of its own: its log, its progress, its time limit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from hub.paths import ROOT
from hub.schedule.clock import steady
from hub.schedule.ledger import Claim, Outcome

#: The plain progress lines of `hub.progress`: only these reach the records.
_PROGRESS = re.compile(r"^\d\d:\d\d:\d\d (.{1,200})$")
#: Bytes of a run's log; what a command says beyond is let go.
LONGEST_LOG = 1_000_000
#: Seconds between asking a process to end and ending it.
GRACE = 10.0

#: Lengthens the lease and notes the progress: the new end of the lease (monotonic), or None when it is lost.
Renew = Callable[[str | None], float | None]


def log_file(logs: Path, job: str, due_at: str, attempt: int) -> Path:
    """Where the log of a run is, below the hub's logs."""
    return logs / "jobs" / job / f"{due_at.replace(':', '')}-{attempt}.log"


class JobProcess:
    """Runs `hub` with a job's words; ends it when the time is up, the lease is lost, or `stop` is set.

    What it says goes to `log` and, line by line, to `echo`.
    """

    def __init__(
        self, claim: Claim, words: list[str], *, home: Path, log: Path, echo: Callable[[str], None] | None = None
    ) -> None:
        self._claim = claim
        self._echo = echo
        self._step: str | None = None
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log = log.open("ab")
        command = [sys.executable, "-m", "hub.schedule.child", str(os.getpid()), *words]
        # No command sends mail: the password stays with the runner.
        kept = {name: value for name, value in os.environ.items() if name != "HUB_MAIL_PASSWORD"}
        environment = kept | {"HUB_HOME": str(home), "HUB_JOB": claim.job, "HUB_JOB_DUE": claim.due_at}
        # The command is this program; its words come from the validated settings.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=[self._process.stdout], daemon=True)
        self._reader.start()

    def wait(
        self, renew: Renew, *, lease: float, time_limit: int | None, stop: threading.Event
    ) -> tuple[Outcome, int | None] | None:
        """How it ended and its exit code; None when the lease was lost, and with it the right to say so."""
        started, ends, renewed, told = steady(), self._claim.lease_ends, steady(), None
        try:
            while True:
                code = self._exit_code(0.05)
                if code is not None:
                    return ("done" if code == 0 else "failed"), code
                now = steady()
                if stop.is_set():
                    self._end()
                    return "stopped", None
                if time_limit is not None and now - started > time_limit:
                    self._end()
                    return "too_long", None
                if now - renewed > lease / 6 or (self._step != told and now - renewed > min(1.0, lease / 6)):
                    renewed, told = now, self._step
                    try:
                        lengthened = renew(told)
                    # Any failure of the database: the lease as it stands decides.
                    except Exception:
                        lengthened = ends
                    if lengthened is None:
                        self._abandon()
                        return None
                    ends = lengthened
                if now > ends - lease / 4:
                    # Nobody else may begin before the lease has ended, and this run is over by then.
                    self._abandon()
                    return None
        finally:
            self._reader.join(GRACE)
            self._log.close()

    def _exit_code(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _abandon(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _end(self) -> None:
        self._signal(signal.SIGTERM)
        if self._exit_code(GRACE) is None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            # A process group of its own: what the command has started ends with it.
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _read(self, said: IO[bytes]) -> None:
        written = 0
        for line in said:
            if written < LONGEST_LOG:
                self._log.write(line)
                self._log.flush()
                written += len(line)
            text = line.decode(errors="replace").rstrip()
            if self._echo is not None:
                self._echo(text)
            found = _PROGRESS.match(text)
            if found:
                self._step = found[1]

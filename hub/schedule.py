"""Runs the jobs of `hub.yaml` by the clock; every job is also a command, and never runs twice at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from filelock import FileLock, Timeout

from hub.errors import HubError
from hub.paths import ROOT
from hub.settings import JobSettings

Say = Callable[[str], None]


def command_of(job: JobSettings) -> list[str]:
    """The `hub` arguments that a job stands for. Raises `HubError` when `ingest` names no source."""
    if job.run == "ingest":
        if not job.source:
            raise HubError(f"Job {job.name}: `run: ingest` needs a `source`, such as `source: snds`.")
        return ["ingest", job.source]
    if job.run == "derive":
        return ["derive"]
    return ["project", "sweep"]


def run_job(job: JobSettings, *, home: Path, say: Say, arguments: Sequence[str] | None = None) -> int | None:
    """Run `job` now as a process of its own and return its exit code; `None` when a run of it is still going.

    The lock is a file under `home`, so that two schedulers, or a person and a scheduler, cannot run one job twice.
    """
    folder = home / "run" / "jobs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{job.name}.lock", timeout=0):
            say(f"{_now()} {job.name}: started")
            command = [sys.executable, "-m", "hub", *(arguments or command_of(job))]
            environment = os.environ | {"HUB_HOME": str(home)}
            # The command is this program with arguments from the validated settings.
            code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603
            say(f"{_now()} {job.name}: {'done' if code == 0 else f'failed with exit code {code}'}")
            return code
    except Timeout:
        say(f"{_now()} {job.name}: still running, this turn is skipped")
        return None


def run_schedule(jobs: Sequence[JobSettings], *, home: Path, say: Say) -> None:
    """Run every job at its hours until interrupted. Raises `HubError` when there is none to run."""
    if not jobs:
        raise HubError("No job is declared: add some under `schedule:` in hub.yaml; docs/operator.md has an example.")
    scheduler = BlockingScheduler(job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": 3600})
    for job in jobs:
        command_of(job)
        trigger = CronTrigger.from_crontab(job.cron)
        scheduler.add_job(run_job, trigger, args=[job], kwargs={"home": home, "say": say}, id=job.name)
        say(f"{job.name}: next run {trigger.get_next_fire_time(None, datetime.now().astimezone()):%Y-%m-%d %H:%M}")
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        say("Schedule stopped.")


def _now() -> str:
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"

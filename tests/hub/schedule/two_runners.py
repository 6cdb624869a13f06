"""Two real `hub schedule run` on one database, killed and started again, beside a witness that is none of theirs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from hub.database import build_engine
from hub.paths import ROOT
from hub.schedule.tables import attempt, interval

# Every Python process of a job writes when it begins and when it ends, whatever the ledger says.
WITNESS = """
import os
if "HUB_JOB" in os.environ:
    import atexit, time
    def said(what):
        line = f"{what} {os.environ['HUB_JOB']} {os.environ['HUB_JOB_DUE']} {os.getpid()} {time.time()}\\n"
        out = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(out, line.encode())
        os.close(out)
    said("begin")
    atexit.register(said, "end")
    time.sleep(float(os.environ.get("WITNESS_SLEEP", "0")))
"""


@dataclass
class Shown:
    """What was seen; every list should be empty."""

    seconds: float
    intervals: int
    kills: int
    taken_over: int
    twice: list[str]
    missed: list[str]
    at_once: list[str]


def two_runners(
    folder: Path,
    url: str | None,
    *,
    seconds: float,
    speed: float,
    jobs: int,
    kill_every: float,
    lease: float,
    sleep: float = 0.0,
) -> Shown:
    """Let two runners work for `seconds`, the clock `speed` times as fast; kill one of them every `kill_every`.

    A slow machine gets longer, until one was killed and two runs have ended.
    """
    home, site, witness = folder / "home", folder / "site", folder / "witness"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").write_text(WITNESS)
    declared = [
        {"name": f"job{n}", "cron": "* * * * *", "run": "command", "command": "tables", "missed": "each", "backoff": 1}
        for n in range(jobs)
    ]
    settings = folder / "hub.yaml"
    # JSON is YAML.
    settings.write_text(json.dumps({"home": str(home), "schedule": declared, "database": {"url": url}}))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")} | {
        "HUB_SETTINGS": str(settings),
        "PYTHONPATH": f"{site}:{ROOT}",
        "WITNESS": str(witness),
        "WITNESS_SLEEP": str(sleep),
    }
    pace = f"{time.time()}:{speed}"

    def start(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "hub", "schedule", "run", "--pace", pace, "--lease", str(lease)]
        with (folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    began = time.monotonic()
    chance = random.Random(1)
    runners, killed = [start("one"), start("two")], 0
    struck: set[str] = set()
    following = began + kill_every
    try:
        while (gone := time.monotonic() - began) < seconds or (gone < 180 and not (killed and _ended(witness) >= 3)):
            time.sleep(0.05)
            assert all(runner.poll() is None for runner in runners), "a runner ended by itself"
            # Each run once: one that is cut off again and again is given up, which is another test's matter.
            under_way = _under_way(witness)
            if time.monotonic() > following and under_way and under_way not in struck:
                struck.add(under_way)
                at = chance.randrange(2)
                runners[at].send_signal(signal.SIGKILL)
                runners[at].wait()
                killed += 1
                runners[at] = start(("one", "two")[at])
                following = time.monotonic() + kill_every
        # A little longer, so that what the last kill left is taken over.
        time.sleep(lease * 2 + 2)
        for runner in runners:
            runner.send_signal(signal.SIGTERM)
        assert [runner.wait(60) for runner in runners] == [0, 0]
    finally:
        for runner in runners:
            # One that has ended already is past being killed.
            runner.kill()
    engine = build_engine(url, home / "records.db")
    try:
        return _judge(engine, witness, time.monotonic() - began, killed)
    finally:
        engine.dispose()


def _lines(witness: Path) -> list[str]:
    return witness.read_text().splitlines() if witness.exists() else []


def _under_way(witness: Path) -> str | None:
    """The job and the interval that began last and has not ended."""
    lines = [line.split() for line in _lines(witness)[-1:]]
    return next((f"{job} {due}" for what, job, due, *_ in lines if what == "begin"), None)


def _ended(witness: Path) -> int:
    return sum(line.startswith("end") for line in _lines(witness))


def _judge(engine, witness: Path, seconds: float, killed: int) -> Shown:  # type: ignore[no-untyped-def]
    with engine.connect() as connection:
        rows = connection.execute(select(interval)).all()
        lost = connection.execute(select(attempt).where(attempt.c.outcome.in_(("lost", "stopped")))).all()
    events = [line.split() for line in _lines(witness)]
    ended = Counter((job, due) for what, job, due, _, _ in events if what == "end")
    done = {(row.job, row.due_at) for row in rows if row.state == "done"}
    unfinished = {(row.job, row.due_at) for row in rows if row.state != "done"}
    tried_again = {(row.job, row.due_at) for row in lost}
    twice = [f"{job} {due}" for (job, due), times in ended.items() if times > 1 and (job, due) not in tried_again]
    # The ledger says done, the witness saw no end: or the other way round.
    missed = [f"{job} {due}: done unseen" for job, due in done if not ended[job, due]]
    missed += [f"{job} {due}: seen, not written" for job, due in ended if (job, due) not in done | unfinished]
    for job in {row.job for row in rows}:
        dues = sorted(datetime.strptime(row.due_at, "%Y-%m-%dT%H:%M:%SZ") for row in rows if row.job == job)
        missed += [f"{job} {two}" for one, two in pairwise(dues) if two - one != timedelta(minutes=1)]
        # What is open when the runners are told to stop comes after what was done: a slow machine is behind the clock.
        last_done = max((due for due in dues if (job, f"{due:%Y-%m-%dT%H:%M:%SZ}") in done), default=dues[0])
        state = {row.due_at: row.state for row in rows if row.job == job and row.state != "done"}
        missed += [
            f"{job} {due} is {state[text]}"
            for due in dues
            if due < last_done and (text := f"{due:%Y-%m-%dT%H:%M:%SZ}") in state
        ]
    return Shown(
        round(seconds, 1), len(done), killed, len({key for key in tried_again if key in done}), twice, missed,
        _overlaps(events, tried_again),
    )  # fmt: skip


def _overlaps(events: list[list[str]], tried_again: set[tuple[str, str]]) -> list[str]:
    """Two processes of one job at once, by the witness; one whose runner was killed never says that it ended."""
    open_: dict[str, tuple[str, str]] = {}
    found = []
    for what, job, due, pid, _ in events:
        if what == "begin":
            before = open_.get(job)
            if before is not None and (job, before[0]) not in tried_again:
                found.append(f"{job}: {due} began while {before[0]} went on")
            open_[job] = (due, pid)
        elif open_.get(job) == (due, pid):
            del open_[job]
        else:
            found.append(f"{job}: {due} ended late, beside another")
    return found

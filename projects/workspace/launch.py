"""Starts and stops workspaces, with or without a Hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from projects.errors import WorkspaceFailed
from projects.workspace import processes
from projects.workspace.places import Places
from projects.workspace.supervisor import Order

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """A supervisor: `pid` with `started` (clock ticks) names one process for ever."""

    person: str
    project: str
    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.pid > 0 and processes.start_time(self.pid) == self.started


def hand_over(places: Places, uid: int, gid: int) -> None:
    """Make the extract readable by the project's group and the home the person's own. As root only.

    The extract stays root's (folders 0750, files 0640), so no workspace can change it even if it were
    not mounted read-only.
    """
    for folder, _, files in os.walk(places.data):
        os.chown(folder, 0, gid)
        Path(folder).chmod(0o750)
        for name in files:
            path = Path(folder) / name
            os.chown(path, 0, gid, follow_symlinks=False)
            path.chmod(0o640)
    os.chown(places.home, uid, gid, follow_symlinks=False)


def prepare(places: Places, *, uid: int, gid: int, starter: Path) -> None:
    """Make the person's home (with the starter notebooks, the first time) and the run folder.

    `uid` and `gid` are 0 when the hub is not root.
    """
    if not places.data.is_dir():
        raise WorkspaceFailed(f"Project {places.project} has no extract: open it first.")
    places.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not places.home.is_dir():
        places.home.mkdir(mode=0o700, parents=True)
        for notebook in sorted(starter.glob("*.ipynb")):
            copy = places.home / notebook.name
            shutil.copyfile(notebook, copy)
            if uid:
                os.chown(copy, uid, gid)
    places.home.chmod(0o700)
    if uid:
        hand_over(places, uid, gid)


def launch(order: Order, *, patience: float = 10.0) -> Running:
    """Start a supervisor for `order` and wait until its socket listens.

    What the workspace prints goes to `log` in its run folder, anew at each start. Raises `WorkspaceFailed`
    with the supervisor's own last sentence.
    """
    twin = order.run / "nb.sock:80"
    twin.unlink(missing_ok=True)
    log = order.run / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "projects.workspace.supervisor"],
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    started = processes.start_time(process.pid) or 0
    running = Running(order.person, order.project, process.pid, started)
    (order.run / "running.json").write_text(json.dumps(asdict(running)))
    assert process.stdin is not None  # noqa: S101 - told to Popen above
    process.stdin.write(order.to_json().encode())
    process.stdin.close()
    deadline = time.monotonic() + patience
    while not twin.is_symlink():
        if process.poll() is not None or time.monotonic() > deadline:
            processes.kill_tree(process.pid)
            lines = log.read_text(errors="replace").strip().splitlines()
            raise WorkspaceFailed(lines[-1] if lines else "The workspace's supervisor ended without a word.")
        time.sleep(0.02)
    return running


def stop(running: Running, *, patience: float = 5.0) -> None:
    """Kill a workspace with everything in it and wait until it is gone."""
    if not running.alive:
        return
    processes.kill_tree(running.pid)
    deadline = time.monotonic() + patience
    while running.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    if running.alive:
        raise WorkspaceFailed(f"A workspace of project {running.project} does not end: process {running.pid}.")


def wait(running: Running, *, patience: float) -> bool:
    """Wait until a workspace ends by itself; after `patience` seconds kill it and say False."""
    deadline = time.monotonic() + patience
    while running.alive:
        if time.monotonic() > deadline:
            stop(running)
            return False
        time.sleep(0.02)
    return True


def found(sockets: Path) -> list[Running]:
    """Every workspace alive under this socket folder, whoever started it."""
    workspaces = []
    for path in sorted((sockets / "ws").glob("*/running.json")):
        try:
            running = Running(**json.loads(path.read_text()))
        except (ValueError, TypeError):  # being written just now
            continue
        if running.alive:
            workspaces.append(running)
    return workspaces


def stop_all(sockets: Path, project: str | None = None) -> int:
    """Stop every workspace, or those of one project; how many there were."""
    chosen = [running for running in found(sockets) if project in (None, running.project)]
    for running in chosen:
        stop(running)
    return len(chosen)

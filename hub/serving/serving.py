"""Starts every part of the hub, waits until each answers, and stops all of it again.

Parts: the proxy (configurable-http-proxy), the MLflow server, the doors of the workspaces, the portal and
JupyterHub. Each logs to a file of its own under the hub's logs.
"""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from hub.errors import HubError
from hub.paths import ROOT
from hub.serving.options import ServeOptions
from hub.serving.part import Part, end_group
from hub.serving.parts import Parts
from projects.errors import ProjectError
from projects.workspace import launch, processes
from projects.workspace.places import socket_folder

Say = Callable[[str], None]


class Serving:
    """The running hub; `with Serving(options, say):` starts it and stops everything it started."""

    def __init__(self, options: ServeOptions, say: Say) -> None:
        self.options = options
        self._say = say
        #: Set (by a signal) to give up a start that is under way.
        self.cancelled = False
        self._home = options.home.make()
        #: Where every socket of this hub is.
        self.sockets = socket_folder(self._home.run)
        self._logs = self._home.logs
        self._parts: list[Part] = []
        self._lock: IO[str] | None = None
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every part. Raises `HubError` with one sentence when it cannot."""
        self._take_lock()
        self.options.require_free_port()
        parts = Parts(self.options, self._home, self.sockets, self._say)
        settings = parts.settings()
        file = self.sockets / "jupyter.json"
        settings.write(file)
        tracking = parts.tracking(settings)
        first = [parts.proxy(settings), tracking, parts.doors(settings), parts.portal(settings)]
        last = parts.hub(settings, file)
        for part in first:
            self._launch(part)
        self._await(first[0])
        parts.route_portal(settings)
        self._launch(last)
        for part in [*first[1:], last]:
            self._await(part)

    def stop(self) -> None:
        """Stop the workspaces, then every part, the last started first."""
        if self._lock is None:
            return
        count = launch.stop_all(self.sockets)
        if count:
            self._say(f"Stopped {count} workspace{'s' if count > 1 else ''}.")
        running = [part for part in self._parts if part.process is not None]
        for part in reversed(running):
            assert part.process is not None  # noqa: S101 - filtered above
            end_group(part.process)
        (self.sockets / "jupyter.json").unlink(missing_ok=True)
        (self._home.run / "parts.json").unlink(missing_ok=True)
        for file in self._files:
            file.close()
        self._parts.clear()
        self._lock.close()
        self._lock = None

    def crashed(self) -> str | None:
        """A sentence about a part that ended by itself, or None."""
        for part in self._parts:
            if part.process is not None and part.process.poll() is not None:
                return self._ended(part)
        return None

    def _ended(self, part: Part) -> str:
        assert part.process is not None  # noqa: S101 - only called for a started part
        return f"The {part.name} ended by itself (status {part.process.returncode}): see {self._log(part)}."

    def _log(self, part: Part) -> Path:
        return self._logs / f"{part.name.replace(' ', '-').lower()}.log"

    def _take_lock(self) -> None:
        lock = (self._home.run / "serve.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise HubError(
                f"A hub is already running on {self._home.root}: stop it, or set HUB_HOME to another folder."
            ) from error
        self._lock = lock
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """End the parts of a hub that was killed: the lock is ours, so nobody owns them any more."""
        path = self._home.run / "parts.json"
        if not path.exists():
            return
        for pid, started in json.loads(path.read_text()).values():
            if processes.start_time(pid) == started:
                processes.kill(processes.session(pid))  # not the workspaces: the next Hub finds them again

    def _launch(self, part: Part) -> None:
        log = self._log(part).open("ab")
        self._files.append(log)
        part.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            list(part.command),
            cwd=ROOT if part.name != "JupyterHub" else self._home.jupyterhub,
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone: we stop the parts in order
        )
        self._parts.append(part)
        numbers = {p.name: (p.process.pid, processes.start_time(p.process.pid)) for p in self._parts if p.process}
        (self._home.run / "parts.json").write_text(json.dumps(numbers))

    def _await(self, part: Part) -> None:
        began = time.monotonic()
        while not part.ready():
            if (sentence := self.crashed()) is not None:
                raise HubError(sentence)
            if self.cancelled:
                raise HubError("Stopped while starting.")
            if time.monotonic() - began > part.patience:
                raise HubError(f"The {part.name} did not answer in {part.patience:.0f} s: see {self._log(part)}.")
            time.sleep(0.1)
        self._say(f"{part.name} ready")


def serve(options: ServeOptions, say: Say) -> int:
    """Serve until Ctrl-C or SIGTERM (0), or until a part ends by itself (1)."""
    serving = Serving(options, say)

    def end(_number: int, _frame: FrameType | None) -> None:
        serving.cancelled = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serving:
            say(f"The hub is open at {options.url}")
            while not serving.cancelled:
                if (sentence := serving.crashed()) is not None:
                    say(sentence)
                    return 1
                time.sleep(0.2)
            say("Stopping.")
        return 0
    except ProjectError as error:
        raise HubError(str(error)) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

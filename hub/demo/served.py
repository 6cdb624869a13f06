"""`hub serve` as a process of its own, for the demonstration and its tests."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.errors import HubError
from hub.paths import ROOT


def free_port() -> int:
    """A loopback port that nobody listens on now, below those that the system gives to whoever connects."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Served:
    """The hub of `home`, open between `__enter__` and `__exit__`; what it prints goes to `logs/serve.log`."""

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "logs" / "serve.log"
        self._before = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._before = log.tell()
            # The command is this program.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub", "serve"],
                cwd=ROOT,
                # A site's own lake is no place for a play.
                env=os.environ | {"HUB_HOME": str(self.home), "HUB_SERVER_PORT": str(self.port), "HUB_LAKE_URL": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 600
        while not self._opened():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise HubError(f"The hub did not open: {said[-1] if said else 'it said nothing'} ({self.log})")
            time.sleep(0.3)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _opened(self) -> bool:
        """Whether `serve` has said, since it was started, that every part answers."""
        with self.log.open("rb") as log:
            log.seek(self._before)
            return f"open at {self.url}".encode() in log.read()

    def stop(self) -> int | None:
        """Stop it as Ctrl-C does; its exit code."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)
        return self._process.returncode

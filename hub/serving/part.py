"""One process of the hub: how it is started, asked and ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.workspace import processes


@dataclass
class Part:
    """One process of the hub. `ready` says whether it answers."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    patience: float = 180.0
    process: subprocess.Popen[bytes] | None = None


def connects(path: Path) -> bool:
    """Whether something listens at a unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def http_ok(host: str, port: int, path: str) -> bool:
    """Whether a GET answers 200."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def end_group(process: subprocess.Popen[bytes], patience: float = 8.0) -> None:
    """Ask the part and its children to end, then make them."""
    tree = processes.session(process.pid)
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for pid in tree:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        if not any(processes.start_time(pid) is not None for pid in tree):
            return

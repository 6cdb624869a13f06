"""The sandbox's first process, run outside one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.paths import ROOT


@pytest.fixture
def listener(tmp_path: Path) -> socket.socket:
    path = f"/tmp/relay-{os.getpid()}.sock"
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.set_inheritable(True)
    return listener


def test_what_comes_in_by_the_socket_reaches_the_server_and_its_end_is_the_relay_s(listener: socket.socket) -> None:
    server = (
        "import socket; s = socket.create_server(('127.0.0.1', 8888)); c, _ = s.accept();"
        "c.sendall(c.recv(100).upper()); c.close(); raise SystemExit(7)"
    )
    with socket.socket() as trial:
        if trial.connect_ex(("127.0.0.1", 8888)) == 0:
            pytest.skip("port 8888 of this machine is taken: the relay's port is fixed")
    relay = subprocess.Popen(
        [sys.executable, str(ROOT / "notebooks" / "relay.py"), sys.executable, "-c", server],
        env={**os.environ, "WORKSPACE_LISTEN_FD": str(listener.fileno())},
        pass_fds=[listener.fileno()],
    )
    path = listener.getsockname()
    try:
        said, deadline = b"", time.monotonic() + 60
        while not said and time.monotonic() < deadline:  # closed at once while the server is not up yet
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(path)
                try:
                    caller.sendall(b"hello")
                    said = caller.recv(100)
                except OSError:
                    pass
            time.sleep(0.05)
        assert said == b"HELLO"
        assert relay.wait(10) == 7
    finally:
        relay.kill()
        listener.close()
        Path(path).unlink()

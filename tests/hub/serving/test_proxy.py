"""The proxy passes on what a part answered, however quickly the part closed."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from hub.paths import Home
from hub.serving.part import end_group
from hub.serving.parts import Parts, unix_url
from tests.hub.conftest import options_for

#: What a busy machine does by chance: the proxy waits between the last of a request's body and the request's end.
BUSY = """
const { Socket } = require("node:net");
const writev = Socket.prototype._writev;
Socket.prototype._writev = function (chunks, done) {
  writev.call(this, chunks, (error) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    done(error);
  });
};
"""


def answer_and_close(listening: socket.socket) -> None:
    """Read requests whose body ends with an exclamation mark; answer and close at once, as the Hub does."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            read = b""
            while not read.endswith(b"!"):
                read += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nin")


@pytest.fixture
def sockets() -> Iterator[Path]:
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="hub-t-", dir="/tmp") as folder:
        yield Path(folder)


def test_an_answer_that_came_before_the_request_ended_is_passed_on(home: Home, sockets: Path) -> None:
    (sockets / "busy.js").write_text(BUSY)
    options = options_for(home)
    settings: Any = SimpleNamespace(proxy_socket=sockets / "proxy.sock", proxy_token="t", portal_url="")
    settings.portal_url = unix_url(sockets / "part.sock")
    part = Parts(options, home, sockets, lambda _: None).proxy(settings)
    environment = {**part.environment, "NODE_OPTIONS": f"--require {sockets / 'busy.js'}"}
    with (sockets / "log").open("wb") as log, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(sockets / "part.sock"))
        listening.listen()
        threading.Thread(target=answer_and_close, args=(listening,), daemon=True).start()
        part.process = subprocess.Popen(
            list(part.command), env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 30
            while not part.ready():
                assert time.monotonic() < deadline, "the proxy did not answer"
                time.sleep(0.1)
            Parts.route_portal(settings)
            for _ in range(3):
                answer = httpx.post(f"{options.url}/services/portal/", content=b"word!", timeout=20)
                assert (answer.status_code, answer.text) == (200, "in"), (sockets / "log").read_text()
        finally:
            end_group(part.process)
            listening.shutdown(socket.SHUT_RDWR)

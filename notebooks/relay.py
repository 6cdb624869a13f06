"""The sandbox's first process: joins the sockets that the host handed in to ports on loopback, then runs the server.

* the listening socket in `WORKSPACE_LISTEN_FD` -> 127.0.0.1:8888, where JupyterLab listens;
* 127.0.0.1:5000 -> `/run/svc/mlflow.sock`, the project's tracking space.

Nothing else leads out of a workspace. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SERVER = ("127.0.0.1", 8888)
TRACKING = ("127.0.0.1", 5000)
TRACKING_SOCKET = "/run/svc/mlflow.sock"


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        target.write_eof()


def relay(connect: Callable[[], Awaitable[Streams]]) -> Callable[..., Awaitable[None]]:
    """A connection handler that joins each caller to what `connect` opens."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await connect()
        except OSError:  # not up yet: the caller sees a closed connection and comes again
            writer.close()
            return
        await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        far_writer.close()
        writer.close()

    return handle


async def run(command: list[str], listener: socket.socket) -> int:
    """Relay until `command` ends; its exit status."""
    listener.setblocking(False)
    server = await asyncio.start_unix_server(relay(lambda: asyncio.open_connection(*SERVER)), sock=listener)
    tracking = await asyncio.start_server(relay(lambda: asyncio.open_unix_connection(TRACKING_SOCKET)), *TRACKING)
    process = await asyncio.create_subprocess_exec(*command)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, process.terminate)
    status = await process.wait()
    server.close()
    tracking.close()
    return status


def main() -> int:
    """`python relay.py COMMAND...`."""
    listener = socket.socket(fileno=int(os.environ.pop("WORKSPACE_LISTEN_FD")))
    return asyncio.run(run(sys.argv[1:], listener))


if __name__ == "__main__":
    sys.exit(main())

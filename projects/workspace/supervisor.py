"""One process on the host for each workspace: parent of its sandbox, keeper of its socket and its limits.

bubblewrap's `--die-with-parent` ties the sandbox to this process and not to the Hub, so a Hub that restarts
finds its workspaces alive. It reads one `Order` as JSON on standard input, because tokens do not belong on
a command line. Standard library only: it starts in a tenth of a second.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from projects.errors import ProjectError
from projects.workspace import processes, sandbox, staging
from projects.workspace.sandbox import MEBIBYTE, Bind, Limits

#: The name under which the sandbox's first process finds the listening socket.
LISTEN = "WORKSPACE_LISTEN_FD"


@dataclass(frozen=True)
class Order:
    """Everything that makes one workspace.

    `files` are small read-only files (place -> text) beside the generated `/etc`. `uid` and `gid` are 0 when
    the hub is not root: the workspace then keeps the hub's own.
    """

    person: str
    project: str
    run: Path
    binds: list[Bind]
    links: dict[str, str]
    files: dict[str, str]
    system_files: list[str]
    environment: dict[str, str]
    command: list[str]
    uid: int = 0
    gid: int = 0
    disable_userns: bool = True
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """The order as the supervisor reads it."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Order:
        """The order written by `to_json`."""
        raw: dict[str, Any] = json.loads(text)
        raw["run"] = Path(raw["run"])
        raw["binds"] = [Bind(Path(b["source"]), b["target"], b["writable"]) for b in raw["binds"]]
        raw["limits"] = Limits(**raw["limits"])
        return cls(**raw)


def listen(path: Path) -> socket.socket:
    """A listening unix socket at `path`, for its owner only.

    The Hub stores the server's address with a port: the proxy then connects to `<path>:80` by name, the Hub
    to `<path>`. A link with that name answers both.
    """
    twin = path.with_name(path.name + ":80")
    for old in (path, twin):
        old.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(128)
    listener.set_inheritable(True)
    twin.symlink_to(path.name)
    return listener


def _write_files(order: Order) -> list[Bind]:
    folder = order.run / "files"
    folder.mkdir(mode=0o755, exist_ok=True)
    etc = sandbox.etc_files(order.project, order.uid or os.getuid(), order.gid or os.getgid())
    texts = {**{f"/etc/{name}": text for name, text in etc.items()}, **order.files}
    binds = []
    for number, (place, text) in enumerate(texts.items()):
        path = folder / str(number)
        path.write_text(text)
        path.chmod(0o644)
        binds.append(Bind(path, place))
    return binds


def _hidden(arguments: list[str]) -> int:
    """A descriptor that `bwrap --args` reads: the sandbox can see the command line of its first process."""
    descriptor = os.memfd_create("arguments", 0)
    os.write(descriptor, b"".join(argument.encode() + b"\0" for argument in arguments))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def command_line(order: Order) -> tuple[list[str], int]:
    """The whole command, and the descriptor it reads; as root this enters the staging namespace first."""
    binds = [*order.binds, *_write_files(order)]
    prefix: list[str] = []
    if order.uid:
        staging.enter()
        binds = staging.stage(binds)
        prefix = sandbox.become(order.uid, order.gid)
    arguments = sandbox.bubblewrap(
        hostname=order.project,
        binds=binds,
        links=order.links,
        system_files=order.system_files,
        limits=order.limits,
        disable_userns=order.disable_userns,
    )
    descriptor = _hidden(arguments)
    wrap = [sandbox.program("bwrap", "bubblewrap"), "--args", str(descriptor), "--"]
    return [*prefix, *wrap, *order.command], descriptor


def _restrain(limits: Limits, own_uid: bool) -> None:
    space = limits.address_space * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if own_uid:  # counted for each uid: as an ordinary user it would count the whole desktop
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes * 4, limits.processes * 4))


def _watch(child: subprocess.Popen[bytes], limits: Limits) -> None:
    """Kill the workspace when its processes together hold more memory than they may."""
    while child.poll() is None:
        used = processes.memory(child.pid)
        if used > limits.memory * MEBIBYTE:
            print(f"workspace stopped: it held {used // MEBIBYTE} MiB of {limits.memory} MiB", file=sys.stderr)  # noqa: T201
            processes.kill_tree(child.pid)
            return
        time.sleep(2)


def supervise(order: Order) -> int:
    """Run the sandbox to its end and give its exit status."""
    os.umask(0o077)
    listener = listen(order.run / "nb.sock")
    try:
        argv, arguments = command_line(order)
    except ProjectError:
        listener.close()
        raise
    environment = {**order.environment, LISTEN: str(listener.fileno())}
    child = subprocess.Popen(  # noqa: S603 - the command is ours, no shell
        argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[listener.fileno(), arguments],
        preexec_fn=lambda: _restrain(order.limits, bool(order.uid)),
    )
    listener.close()
    os.close(arguments)

    def end(_number: int, _frame: FrameType | None) -> None:
        processes.kill_tree(child.pid)

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_watch, args=(child, order.limits), daemon=True).start()
    return child.wait()


def main() -> int:
    """`python -m projects.workspace.supervisor < order.json`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us: they stop us in order
    try:
        return supervise(Order.from_json(sys.stdin.read()))
    except ProjectError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3


if __name__ == "__main__":
    sys.exit(main())

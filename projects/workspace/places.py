"""Where a workspace's folders and sockets are."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from projects.errors import WorkspaceFailed

#: `sun_path` holds 108 bytes; below the folder come `ws/<slug>/nb.sock:80`.
LONGEST_FOLDER = 55
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def socket_folder(run: Path) -> Path:
    """`run` itself, or a short stand-in for it under /tmp when sockets could not be named below it.

    The stand-in is the same for the same `run`, 0700, ours and no link. JupyterHub reads the socket's
    path as a host name and so in lower case: a path with capitals needs the stand-in too.
    Raises `WorkspaceFailed` when somebody else holds the stand-in's name.
    """
    run = run.resolve()
    if len(str(run)) <= LONGEST_FOLDER and str(run) == str(run).lower() and re.fullmatch(r"[a-z0-9/._-]+", str(run)):
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        return run
    digest = hashlib.sha256(str(run).encode()).hexdigest()[:10]
    short = Path(tempfile.gettempdir()) / f"hub-{os.getuid()}-{digest}"
    if len(str(short)) > LONGEST_FOLDER or str(short) != str(short).lower():
        short = Path("/tmp") / short.name  # noqa: S108 - ownership, mode and kind are checked below
    short.mkdir(mode=0o700, exist_ok=True)
    seen = short.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or stat.S_IMODE(seen.st_mode) != 0o700:
        raise WorkspaceFailed(f"{short} is not a folder of ours with mode 0700: remove it and start again.")
    return short


@dataclass(frozen=True)
class Places:
    """Folders of the workspace of `person` in `project`.

    `projects` holds `<project>/data` and `<project>/home/<person>`; `sockets` is a `socket_folder`.
    """

    projects: Path
    sockets: Path
    project: str
    person: str

    def __post_init__(self) -> None:
        for name in (self.project, self.person):
            if not _NAME.fullmatch(name):
                raise WorkspaceFailed("A person's or project's name has a character that no workspace can bear.")

    @property
    def data(self) -> Path:
        """The extract."""
        return self.projects / self.project / "data"

    @property
    def home(self) -> Path:
        """What the person keeps between sessions."""
        return self.projects / self.project / "home" / self.person

    @property
    def run(self) -> Path:
        """This workspace's listening socket, process number and generated `/etc` files."""
        return self.sockets / "ws" / f"{self.project}-{hashlib.sha256(self.person.encode()).hexdigest()[:8]}"

    @property
    def socket(self) -> Path:
        """Where the proxy reaches the workspace's server."""
        return self.run / "nb.sock"

"""Makes host folders reachable for a workspace's uid, though they lie below folders closed to it.

After `setpriv`, bubblewrap can bind only what its uid can walk to: not a Python under root's 0700 home, not
`var/`. So root opens a mount namespace of its own, puts a small 0755 tmpfs over one fixed folder and binds
every source below it. The host sees none of it, and all of it goes when the process ends.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from projects.errors import SandboxUnavailable
from projects.workspace.sandbox import Bind

#: Only a mount point: what is mounted there is seen by one supervisor.
STAGE = Path("/run/health-data-hub-stage")

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxUnavailable(
            f"Root cannot {name} here ({reason}): the hub needs CAP_SYS_ADMIN, or to run as an ordinary user."
        )


def _mount(source: str | None, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    def encode(text: str | None) -> bytes | None:
        return None if text is None else text.encode()

    _call("mount", encode(source), str(target).encode(), encode(kind), ctypes.c_ulong(flags), encode(data))


def enter() -> None:
    """Leave the host's mount namespace for one of our own, with an empty stage in it. Root, one thread."""
    STAGE.mkdir(mode=0o755, exist_ok=True)
    seen = STAGE.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != 0:
        raise SandboxUnavailable(f"{STAGE} is not a folder of root's: remove it and start again.")
    _call("unshare", CLONE_NEWNS)
    _mount(None, Path("/"), None, MS_REC | MS_PRIVATE)
    _mount("stage", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")


def stage(binds: Sequence[Bind]) -> list[Bind]:
    """Bind each source below the stage and say where it is now; read-only ones are so there already."""
    staged = []
    for number, bind in enumerate(binds):
        place = STAGE / str(number)
        if bind.source.is_dir():
            place.mkdir(mode=0o755)
        else:
            place.touch(mode=0o644)
        _mount(str(bind.source), place, None, MS_BIND)
        flags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV
        _mount(None, place, None, flags if bind.writable else flags | MS_RDONLY)
        staged.append(Bind(place, bind.target, bind.writable))
    return staged

"""Temporary folders of the processes that touch identifying data: sealed, and gone with their process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hub.errors import HubError
from projects.workspace.processes import start_time


def make_scratch(sealed_tmp: Path) -> Path:
    """A folder of this process's own below `sealed_tmp`; those of processes that ended are removed first.

    The name carries process number and start time, so that a number used again is not taken for its predecessor.
    """
    sweep_scratch(sealed_tmp)
    folder = sealed_tmp / f"{os.getpid()}-{start_time(os.getpid())}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise HubError(f"{sealed_tmp} cannot be written ({error.strerror}): free space or mend its owner.") from None
    return folder


def sweep_scratch(sealed_tmp: Path) -> None:
    """Remove what processes that ended (killed ones too) left behind."""
    for item in sealed_tmp.iterdir():
        pid, _, started = item.name.partition("-")
        if pid.isdigit() and str(start_time(int(pid))) == started:
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item, ignore_errors=True)
        else:
            item.unlink(missing_ok=True)

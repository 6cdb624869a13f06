"""Lines that name people: read from a file of the account alone, from a pipe, or asked for; never arguments."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import typer

LONGEST = 1_000_000
"""Characters that are read at most."""


def secret_lines(file: Path | None, prompt: str) -> list[str]:
    """The lines, without those that are blank. Raises `HubError`, which never quotes one."""
    from hub.errors import HubError

    if file is None:
        if sys.stdin.isatty():
            answer: str = typer.prompt(prompt, hide_input=True)
            return [answer]
        text = sys.stdin.read(LONGEST + 1)
    else:
        text = _of(file)
    if len(text) > LONGEST:
        raise HubError(f"More than {LONGEST:,} characters were given, and nothing was done: give fewer lines at once.")
    return [line for line in text.splitlines() if line.strip()]


def _of(file: Path) -> str:
    from hub.errors import HubError

    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise HubError("The file that names the person cannot be read: give a plain file of yours.") from None
    with os.fdopen(handle, encoding="utf-8", errors="replace") as opened:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise HubError("The file that names the person is open to others: run `chmod 600` on it.")
        return opened.read(LONGEST + 1)

"""Reads a small file that only we can read: a passphrase, a key, a token."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pseudonymization.errors import KeysMissing, KeysUnsafe

_MAX_BYTES = 4096


def read_closed(path: Path, what: str) -> bytes:
    """Up to 4,096 bytes of a plain file that only we can read; `what` begins the sentence of a refusal.

    Raises `KeysMissing`, and `KeysUnsafe` for a symbolic link, another owner, or a file open to group or others.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeysMissing(f"{what} is not at {path}: put the file there, or name the right one.") from None
    except OSError:
        raise KeysUnsafe(f"{what} at {path} must be a plain file of the account that runs the hub.") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise KeysUnsafe(f"{what} at {path} must be a plain file of the account that runs the hub.")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise KeysUnsafe(f"{what} at {path} is open to others: run `chmod 600 {path}`.")
        return os.read(handle, _MAX_BYTES)
    finally:
        os.close(handle)

"""Seals keys under a passphrase or a key file that lies elsewhere than the key store."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pseudonymization.errors import KeysLocked, KeysMissing, KeysUnreadable, KeysUnsafe

PASSPHRASE_BYTES = 12
KEY_BYTES = 32
_MAX_BYTES = 4096
_NONCE = 12
# 128 MiB and about half a second for each guess; the parameters are written beside the key, so that they may grow.
_COST, _BLOCK, _LANES = 2**17, 8, 1
_LARGEST_COST = 2**20
_SETTINGS = {"passphrase": "passphrase_file", "key file": "key_file"}
_INFO = b"health-data-hub/keys/2/key-file"


@dataclass(frozen=True)
class Unlocker:
    """What opens a sealed key store: exactly one of a file with a passphrase and a file of 32 random bytes."""

    passphrase_file: Path | None = None
    key_file: Path | None = None

    @property
    def kind(self) -> str:
        """`passphrase` or `key file`."""
        return "passphrase" if self.passphrase_file else "key file"

    def secret(self) -> bytes:
        """The bytes of the file; the end of a passphrase's line is no part of it.

        Raises `KeysMissing` when the file is not there, `KeysUnsafe` when it is no plain file of ours closed to
        others, and `KeysUnreadable` when it holds fewer than 12 bytes of passphrase or not exactly 32 bytes of key.
        """
        path = self.passphrase_file or self.key_file
        if path is None:
            raise KeysLocked("No passphrase file and no key file is named.")
        content = read_closed(path, f"The {self.kind} of the keys")
        if self.passphrase_file:
            content = content.rstrip(b"\r\n")
            if len(content) < PASSPHRASE_BYTES:
                raise KeysUnreadable(
                    f"The passphrase in {path} is too short: write at least {PASSPHRASE_BYTES} characters, better six "
                    "words drawn at random."
                )
        elif len(content) != KEY_BYTES:
            raise KeysUnreadable(
                f"The key file {path} must hold exactly {KEY_BYTES} random bytes: make one with "
                f"`(umask 077; head -c {KEY_BYTES} /dev/urandom > {path})`."
            )
        return content


def read_closed(path: Path, what: str) -> bytes:
    """Up to 4,096 bytes of a plain file that only we can read; `what` begins the sentence of a refusal.

    Raises `KeysMissing`, and `KeysUnsafe` for a symbolic link, another owner, or a file open to group or others.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeysMissing(f"{what} is not at {path}: put the file there, or name the right one in hub.yaml.") from None
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


def seal(content: bytes, bound: str, unlocker: Unlocker) -> dict[str, Any]:
    """`content` under AES-256-GCM, with what is needed to open it again but for the secret of `unlocker`.

    `bound` is additional data, so that what is sealed as one thing cannot be passed off as another. A passphrase goes
    through scrypt (RFC 7914), a key file through HKDF-SHA-256 (RFC 5869), each with a salt of its own.
    """
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    how: dict[str, Any] = {"by": unlocker.kind, "salt": _text(salt)}
    if unlocker.passphrase_file:
        how |= {"n": _COST, "r": _BLOCK, "p": _LANES}
    sealed = AESGCM(_key(unlocker.secret(), how)).encrypt(nonce, content, bound.encode())
    return how | {"nonce": _text(nonce), "sealed": _text(sealed)}


def unseal(envelope: Mapping[str, Any], bound: str, path: Path, unlocker: Unlocker | None) -> bytes:
    """What an envelope of the key store at `path` holds.

    Raises `KeysLocked` when nothing to open it is named, or what is named does not open it, and `KeysUnreadable` when
    the envelope is damaged.
    """
    by = envelope.get("by")
    if by not in _SETTINGS:
        raise KeysUnreadable(_damaged(path))
    if unlocker is None:
        raise KeysLocked(
            f"The keys at {path} are sealed by a {by}: name its file in hub.yaml as `keys: {{{_SETTINGS[by]}: ...}}`."
        )
    if by != unlocker.kind:
        raise KeysLocked(
            f"The keys at {path} are sealed by a {by}, but hub.yaml names a {unlocker.kind}: name the other."
        )
    secret = unlocker.secret()
    try:
        nonce, sealed = _bytes(envelope["nonce"]), _bytes(envelope["sealed"])
        return AESGCM(_key(secret, envelope)).decrypt(nonce, sealed, bound.encode())
    except InvalidTag:
        raise KeysLocked(
            f"The {unlocker.kind} does not open the keys at {path}: it is another one, or that file is damaged."
        ) from None
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KeysUnreadable(_damaged(path)) from None


def _key(secret: bytes, how: Mapping[str, Any]) -> bytes:
    salt = _bytes(how["salt"])
    if how["by"] == "passphrase":
        n, r, p = how["n"], how["r"], how["p"]
        # A file that somebody changed must not make us guess weakly, nor take all memory.
        if not (_COST <= n <= _LARGEST_COST and r == _BLOCK and p == _LANES):
            raise ValueError
        return Scrypt(salt=salt, length=KEY_BYTES, n=n, r=r, p=p).derive(secret)
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(secret)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _damaged(path: Path) -> str:
    return f"The keys at {path} are damaged: put back a copy of that file."

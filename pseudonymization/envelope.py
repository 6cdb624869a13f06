"""Seals keys under a secret that lies elsewhere than the key store: a passphrase, a key file, a key service."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pseudonymization.closed_file import read_closed
from pseudonymization.errors import KeysLocked, KeysUnreadable

PASSPHRASE_BYTES = 12
KEY_BYTES = 32
_NONCE = 12
# 128 MiB and about half a second for each guess; the parameters are written beside the key, so that they may grow.
_COST, _BLOCK, _LANES = 2**17, 8, 1
_LARGEST_COST = 2**20
_SETTINGS = {"passphrase": "passphrase_file", "key file": "key_file", "vault": "vault"}
_INFO = b"health-data-hub/keys/2/key-file"


class Unlocker(Protocol):
    """What seals and opens a key store."""

    @property
    def kind(self) -> str:
        """What is written beside what it sealed: `passphrase`, `key file` or `vault`."""
        ...

    def fresh(self) -> tuple[bytes, dict[str, Any]]:
        """A 256-bit key, and what there is to write down to have it again; `by` in it is the kind."""
        ...

    def key_of(self, how: Mapping[str, Any]) -> bytes:
        """The key again. Raises a `PseudonymizationError`, or what tells that `how` is damaged (`seal` made it)."""
        ...


@dataclass(frozen=True)
class FileUnlocker:
    """Exactly one of a file with a passphrase and a file of 32 random bytes."""

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

    def fresh(self) -> tuple[bytes, dict[str, Any]]:
        """A passphrase goes through scrypt (RFC 7914), a key file through HKDF-SHA-256 (RFC 5869), with a new salt."""
        how: dict[str, Any] = {"by": self.kind, "salt": _text(secrets.token_bytes(16))}
        if self.passphrase_file:
            how |= {"n": _COST, "r": _BLOCK, "p": _LANES}
        return self.key_of(how), how

    def key_of(self, how: Mapping[str, Any]) -> bytes:
        """See `fresh`. Raises what `secret` does, and `ValueError` for parameters that are not to be used."""
        salt = _bytes(how["salt"])
        if how["by"] == "passphrase":
            n, r, p = how["n"], how["r"], how["p"]
            # A file that somebody changed must not make us guess weakly, nor take all memory.
            if not (_COST <= n <= _LARGEST_COST and r == _BLOCK and p == _LANES):
                raise ValueError
            return Scrypt(salt=salt, length=KEY_BYTES, n=n, r=r, p=p).derive(self.secret())
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(self.secret())


def seal(content: bytes, bound: str, unlocker: Unlocker) -> dict[str, Any]:
    """`content` under AES-256-GCM, with what is needed to open it again but for the secret of `unlocker`.

    `bound` is additional data, so that what is sealed as one thing cannot be passed off as another.
    """
    key, how = unlocker.fresh()
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, content, bound.encode())
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
            f"The keys at {path} are sealed by a {by}: name it in hub.yaml as `keys: {{{_SETTINGS[by]}: ...}}`."
        )
    if by != unlocker.kind:
        raise KeysLocked(
            f"The keys at {path} are sealed by a {by}, but hub.yaml names a {unlocker.kind}: name the other."
        )
    try:
        nonce, sealed = _bytes(envelope["nonce"]), _bytes(envelope["sealed"])
        return AESGCM(unlocker.key_of(envelope)).decrypt(nonce, sealed, bound.encode())
    except InvalidTag:
        raise KeysLocked(
            f"The {unlocker.kind} does not open the keys at {path}: it is another one, or that file is damaged."
        ) from None
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KeysUnreadable(_damaged(path)) from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _damaged(path: Path) -> str:
    return f"The keys at {path} are damaged: put back a copy of that file."

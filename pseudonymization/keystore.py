"""The file key store: one master key, sealed or not, from which HKDF derives one key for each purpose."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymization.envelope import Unlocker, seal, unseal
from pseudonymization.errors import (
    KeysExist,
    KeysMissing,
    KeysUnreadable,
    KeysUnsafe,
    SecretNotSerializable,
    UnknownPurpose,
)

_PLAIN, _SEALED = 1, 2
_SECRET_BYTES = 32
_MAX_BYTES = 1 << 20
_NAMESPACE = "health-data-hub/1/"
PURPOSES = (
    "person", "professional", "record", "identity", "quarantine", "person-id", "intake", "archive", "certificate",
    "erasure",
)  # fmt: skip
"""What keys are for, beside those of projects: `archive` is for drops put away, `certificate` for signatures."""
PROJECT_PURPOSES = ("person", "record", "dates")
"""What a project's keys are for: pseudonyms, digests of record keys, and how far dates are shifted."""
_PURPOSE = re.compile(f"{'|'.join(PURPOSES)}|project/[A-Za-z0-9_-]{{1,64}}/(?:{'|'.join(PROJECT_PURPOSES)})")


@dataclass(frozen=True)
class DerivedKey:
    """A 256-bit key for one purpose; `key_id` names the master key it comes from and is no secret.

    Its `repr` hides the bytes and it refuses to be pickled, so that no closure carries it to a worker.
    """

    key_id: str
    secret: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise SecretNotSerializable("A key cannot be pickled: pass it to Spark with `with_keys` only.")


class KeyStore:
    """Derives keys from the active master key of a 0600 file; made by `create` or `open`.

    `key_id`, `created_at` (ISO 8601, UTC) and `protection` (`none`, `passphrase` or `key file`) are no secrets.
    """

    def __init__(self, key_id: str, master: bytes, *, created_at: str = "", protection: str = "none") -> None:
        self.key_id = key_id
        self.created_at = created_at
        self.protection = protection
        self._master = master

    def __repr__(self) -> str:
        return f"KeyStore(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise SecretNotSerializable("A key store cannot be pickled: derive keys in the driver.")

    @classmethod
    def create(cls, path: Path) -> KeyStore:
        """Make a new master key in a new 0600 file, whole or not at all.

        Raises `KeysExist` when something is already at `path`, `KeysMissing` when its folder is absent.
        """
        key_id, master = secrets.token_hex(4), secrets.token_bytes(_SECRET_BYTES)
        entry = {
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "secret": base64.b64encode(master).decode("ascii"),
        }
        document = {"version": _PLAIN, "active": key_id, "keys": {key_id: entry}}
        if not path.parent.is_dir():
            raise KeysMissing(f"The folder {path.parent} for the keys does not exist: run `hub keys init`.")
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            _write(draft, document)
            # A hard link fails if the name is taken, where a rename would overwrite the keys.
            os.link(draft, path, follow_symlinks=False)
        except FileExistsError:
            raise KeysExist(f"Keys are already at {path}: they are never overwritten.") from None
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return cls(key_id, master, created_at=entry["created_at"])

    @classmethod
    def wrap(cls, path: Path, new: Unlocker, old: Unlocker | None = None) -> KeyStore:
        """Seal the keys at `path` under `new`; `old` opens them when they are sealed already.

        The file is replaced at once: whoever opens it finds the old one or the new one whole, and a process that dies
        leaves one of them. Nothing is replaced unless the new file was read back and opened. Raises what `open` and
        `Unlocker.secret` raise.
        """
        store = cls.open(path, old)
        entry = {"created_at": store.created_at, **seal(store._master, store.key_id, new)}
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            _write(draft, {"version": _SEALED, "active": store.key_id, "keys": {store.key_id: entry}})
            sealed = cls.open(draft, new)
            if sealed._master != store._master:
                raise KeysUnreadable(f"The sealed keys could not be read back, so {path} was left as it was.")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return sealed

    @classmethod
    def open(cls, path: Path, unlocker: Unlocker | None = None) -> KeyStore:
        """Read the keys at `path`, with `unlocker` where they are sealed (it is not asked where they are not).

        Raises `KeysMissing`, `KeysUnsafe` (a symbolic link, another owner, or open to group or others),
        `KeysUnreadable` or `KeysLocked`.
        """
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise KeysMissing(
                f"No keys at {path}, and nothing is ingested without keys: run `hub keys init`."
            ) from None
        except PermissionError:
            raise KeysUnsafe(f"The keys at {path} belong to another user: run as their owner.") from None
        except OSError:
            raise KeysUnsafe(f"The keys at {path} must be a plain file, not a symbolic link.") from None
        try:
            _refuse_unsafe(os.fstat(handle), path)
            content = os.read(handle, _MAX_BYTES)
        finally:
            os.close(handle)
        key_id, entry = _parse(content, path)
        protection = str(entry["by"]) if "sealed" in entry else "none"
        master = unseal(entry, key_id, path, unlocker) if "sealed" in entry else _bytes_of(entry, path)
        if len(master) != _SECRET_BYTES:
            raise KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.")
        return cls(key_id, master, created_at=str(entry.get("created_at", "")), protection=protection)

    def masters(self) -> dict[str, bytes]:
        """The master keys by their id, for a search that looks for their bytes; never to be written anywhere."""
        return {self.key_id: self._master}

    def derive(self, purpose: str) -> DerivedKey:
        """The key of a purpose, by HKDF-SHA-256 (RFC 5869) with the purpose as `info`.

        Purposes are `PURPOSES` and `project/<id>/<one of PROJECT_PURPOSES>`; anything else raises `UnknownPurpose`.
        """
        if not _PURPOSE.fullmatch(purpose):
            raise UnknownPurpose("This key purpose is not declared: see the list in `KeyStore.derive`.")
        kdf = HKDF(algorithm=SHA256(), length=_SECRET_BYTES, salt=None, info=(_NAMESPACE + purpose).encode())
        return DerivedKey(self.key_id, kdf.derive(self._master))


def _refuse_unsafe(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeysUnsafe(f"The keys at {path} must be a plain file.")
    if status.st_uid != os.geteuid():
        raise KeysUnsafe(f"The keys at {path} belong to another user: run as their owner.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeysUnsafe(f"The keys at {path} are open to others: run `chmod 600 {path}`.")


def _parse(content: bytes, path: Path) -> tuple[str, dict[str, Any]]:
    """The active key's id and what is written of it."""
    damaged = KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.")
    try:
        document = json.loads(content)
        version, active = document["version"], document["active"]
        entry = document["keys"][active]
    except (ValueError, KeyError, TypeError):
        # `from None`: the parser's own message quotes the document.
        raise damaged from None
    if version not in (_PLAIN, _SEALED):
        raise KeysUnreadable(f"The keys at {path} are of another format version: use the release that made them.")
    wanted = ("sealed", "nonce", "salt", "by") if version == _SEALED else ("secret",)
    if (
        not isinstance(active, str)
        or not re.fullmatch(r"[0-9a-f]{8}", active)
        or not isinstance(entry, dict)
        or not all(isinstance(entry.get(name), str) for name in wanted)
        or (version == _PLAIN and "sealed" in entry)
    ):
        raise damaged
    return active, entry


def _bytes_of(entry: dict[str, Any], path: Path) -> bytes:
    try:
        return base64.b64decode(entry["secret"], validate=True)
    except (ValueError, binascii.Error):
        raise KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.") from None


def _write(draft: Path, document: dict[str, Any]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

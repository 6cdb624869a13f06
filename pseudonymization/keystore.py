"""The file key store: one master key, from which HKDF derives one key for each purpose."""

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
from typing import NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pseudonymization.errors import (
    KeysExist,
    KeysMissing,
    KeysUnreadable,
    KeysUnsafe,
    SecretNotSerializable,
    UnknownPurpose,
)

_FORMAT = 1
_SECRET_BYTES = 32
_MAX_BYTES = 1 << 20
_NAMESPACE = "health-data-hub/1/"
_PURPOSE = re.compile(
    r"person|professional|record|identity|quarantine|person-id|intake|archive|certificate|erasure|project/[A-Za-z0-9_-]{1,64}/(?:person|record)"
)


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
    """Derives keys from the active master key of a 0600 file; made by `create` or `open`."""

    def __init__(self, key_id: str, master: bytes) -> None:
        self.key_id = key_id
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
        document = {"version": _FORMAT, "active": key_id, "keys": {key_id: entry}}
        if not path.parent.is_dir():
            raise KeysMissing(f"The folder {path.parent} for the keys does not exist: run `hub keys init`.")
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as file:
                json.dump(document, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            # A hard link fails if the name is taken, where a rename would overwrite the keys.
            os.link(draft, path, follow_symlinks=False)
        except FileExistsError:
            raise KeysExist(f"Keys are already at {path}: they are never overwritten.") from None
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return cls(key_id, master)

    @classmethod
    def open(cls, path: Path) -> KeyStore:
        """Read the keys at `path`.

        Raises `KeysMissing`, `KeysUnsafe` (a symbolic link, another owner, or open to group or others)
        or `KeysUnreadable`.
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
        return cls(*_parse(content, path))

    def derive(self, purpose: str) -> DerivedKey:
        """The key of a purpose, by HKDF-SHA-256 (RFC 5869) with the purpose as `info`.

        Purposes are `person`, `professional`, `record`, `identity`, `quarantine`, `person-id`, `intake`, `archive`
        (drops put away), `certificate` (signatures), `erasure` (erasures that are under way),
        `project/<id>/person` and `project/<id>/record`; anything else raises `UnknownPurpose`.
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


def _parse(content: bytes, path: Path) -> tuple[str, bytes]:
    try:
        document = json.loads(content)
        version, active = document["version"], document["active"]
        master = base64.b64decode(document["keys"][active]["secret"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        # `from None`: the parser's own message quotes the document.
        raise KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.") from None
    if version != _FORMAT:
        raise KeysUnreadable(f"The keys at {path} are of another format version: use the release that made them.")
    if not isinstance(active, str) or not re.fullmatch(r"[0-9a-f]{8}", active) or len(master) != _SECRET_BYTES:
        raise KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.")
    return active, master


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

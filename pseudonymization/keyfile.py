"""The key file: what it holds, read and written whole.

Format 3 is one JSON document: `version`, and either `keys` in clear or the same sealed by an envelope, every word of it
authenticated. `keys` holds `generations` (id, created_at, secret; the first is the root), `active` (an id; a generation
after it is one whose rotation has not ended) and `projects` (by project: id, created_at and a secret, or none and
`destroyed_at`). Formats 1 and 2 hold one master key, in clear or sealed; what is written is always format 3.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from pseudonymization.envelope import Unlocker, seal, unseal
from pseudonymization.errors import KeysExist, KeysMissing, KeysUnreadable, KeysUnsafe

SECRET_BYTES = 32
_MAX_BYTES = 1 << 24
_PLAIN, _SEALED, _WHOLE = 1, 2, 3
_ID = re.compile(r"[0-9a-f]{8}")
_BOUND = "health-data-hub/keys/3"


@dataclass(frozen=True)
class Secret:
    """A key of the store: its public id, when it was made (ISO 8601, UTC), and 256 bits, or none once destroyed."""

    id: str
    created_at: str
    secret: bytes | None = field(repr=False)
    destroyed_at: str | None = None

    @classmethod
    def new(cls) -> Secret:
        """Drawn at random, now."""
        return cls(secrets.token_hex(4), utc_stamp(), secrets.token_bytes(SECRET_BYTES))

    def destroyed(self) -> Secret:
        """The same without its bytes."""
        return replace(self, secret=None, destroyed_at=utc_stamp())


@dataclass(frozen=True)
class Keys:
    """What a key file holds. `generations` begin with the root; `protection`: `none`, `passphrase` or `key file`."""

    generations: tuple[Secret, ...]
    active: str
    projects: Mapping[str, Secret] = field(default_factory=dict)
    protection: str = "none"


def utc_stamp() -> str:
    """Now, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def create(path: Path, keys: Keys) -> None:
    """Write keys to a new 0600 file, whole or not at all.

    Raises `KeysExist` when something is already at `path`, `KeysMissing` when its folder is absent.
    """
    if not path.parent.is_dir():
        raise KeysMissing(f"The folder {path.parent} for the keys does not exist: run `hub keys init`.")
    draft = _draft(path)
    try:
        _write(draft, {"version": _WHOLE, "keys": _told(keys)})
        # A hard link fails if the name is taken, where a rename would overwrite the keys.
        os.link(draft, path, follow_symlinks=False)
    except FileExistsError:
        raise KeysExist(f"Keys are already at {path}: they are never overwritten.") from None
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def change(path: Path, unlocker: Unlocker | None, made: Callable[[Keys], Keys], *, new: Unlocker | None = None) -> Keys:
    """Replace the keys at `path` by what `made` makes of them, sealed as they were, or under `new`.

    One process at a time. The file is replaced at once: whoever opens it finds the old one or the new one whole, and a
    process that dies leaves one of them. Nothing is replaced unless the new file was read back. Raises as `read` does.
    """
    with FileLock(path.with_name(f"{path.name}.lock"), timeout=60, mode=0o600):
        before = read(path, unlocker)
        after = made(before)
        sealing = new or (unlocker if before.protection != "none" else None)
        after = replace(after, protection=sealing.kind if sealing else "none")
        if after == before and new is None:
            return before
        document: dict[str, Any] = {"version": _WHOLE}
        if sealing is None:
            document["keys"] = _told(after)
        else:
            document["envelope"] = seal(json.dumps(_told(after)).encode(), _BOUND, sealing)
        draft = _draft(path)
        try:
            _write(draft, document)
            if read(draft, sealing) != after:
                raise KeysUnreadable(f"The new keys could not be read back, so {path} was left as it was.")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return after


def read(path: Path, unlocker: Unlocker | None = None) -> Keys:
    """The keys at `path`, with `unlocker` where they are sealed (it is not asked where they are not).

    Raises `KeysMissing`, `KeysUnsafe` (a symbolic link, another owner, or open to group or others),
    `KeysUnreadable` or `KeysLocked`.
    """
    document = _document(_content(path), path)
    version = document.get("version")
    if version == _WHOLE:
        if "envelope" not in document:
            return _parsed(document.get("keys"), "none", path)
        envelope = _mapping(document["envelope"], path)
        opened = unseal(envelope, _BOUND, path, unlocker)
        return _parsed(_document(opened, path), str(envelope["by"]), path)
    if version in (_PLAIN, _SEALED):
        return _of_one_master(document, path, unlocker)
    raise KeysUnreadable(f"The keys at {path} are of another format version: use the release that made them.")


def _of_one_master(document: Mapping[str, Any], path: Path, unlocker: Unlocker | None) -> Keys:
    """Formats 1 and 2."""
    active = document.get("active")
    entries = _mapping(document.get("keys"), path)
    entry = dict(_mapping(entries.get(str(active)), path))
    if (document["version"] == _SEALED) != ("sealed" in entry):
        raise _damaged(path)
    protection = "none"
    if document["version"] == _SEALED:
        protection = str(entry.get("by"))
        secret = unseal(entry, f"health-data-hub/keys/2/{active}", path, unlocker)
        entry = {"created_at": entry.get("created_at", ""), "secret": base64.b64encode(secret).decode("ascii")}
    entry = {"id": active, "created_at": entry.get("created_at", ""), "secret": entry.get("secret")}
    return _parsed({"generations": [entry], "active": active, "projects": {}}, protection, path)


def _told(keys: Keys) -> dict[str, Any]:
    return {
        "generations": [_entry(one) for one in keys.generations],
        "active": keys.active,
        "projects": {project: _entry(one) for project, one in keys.projects.items()},
    }


def _entry(one: Secret) -> dict[str, str]:
    entry = {"id": one.id, "created_at": one.created_at}
    if one.secret is not None:
        entry["secret"] = base64.b64encode(one.secret).decode("ascii")
    if one.destroyed_at is not None:
        entry["destroyed_at"] = one.destroyed_at
    return entry


def _parsed(told: object, protection: str, path: Path) -> Keys:
    whole = _mapping(told, path)
    generations, projects = whole.get("generations"), _mapping(whole.get("projects"), path)
    if not isinstance(generations, list) or not generations:
        raise _damaged(path)
    found = tuple(_secret(one, path) for one in generations)
    ids = [one.id for one in found]
    active = whole.get("active")
    # One generation at most is not in use yet, and none that the lake was written with can be missing its bytes.
    if active not in ids[-2:] or len(set(ids)) < len(ids) or any(one.secret is None for one in found):
        raise _damaged(path)
    return Keys(found, str(active), {name: _secret(one, path) for name, one in projects.items()}, protection)


def _secret(told: object, path: Path) -> Secret:
    entry = _mapping(told, path)
    key_id, created_at, destroyed_at = entry.get("id"), entry.get("created_at"), entry.get("destroyed_at")
    text = entry.get("secret")
    if not isinstance(key_id, str) or not _ID.fullmatch(key_id) or not isinstance(created_at, str):
        raise _damaged(path)
    if text is None:
        if not isinstance(destroyed_at, str):
            raise _damaged(path)
        return Secret(key_id, created_at, None, destroyed_at)
    try:
        secret = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise _damaged(path) from None
    if len(secret) != SECRET_BYTES or destroyed_at is not None:
        raise _damaged(path)
    return Secret(key_id, created_at, secret)


def _content(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeysMissing(f"No keys at {path}, and nothing is ingested without keys: run `hub keys init`.") from None
    except PermissionError:
        raise KeysUnsafe(f"The keys at {path} belong to another user: run as their owner.") from None
    except OSError:
        raise KeysUnsafe(f"The keys at {path} must be a plain file, not a symbolic link.") from None
    try:
        _refuse_unsafe(os.fstat(handle), path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(_MAX_BYTES)
    finally:
        os.close(handle)


def _refuse_unsafe(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeysUnsafe(f"The keys at {path} must be a plain file.")
    if status.st_uid != os.geteuid():
        raise KeysUnsafe(f"The keys at {path} belong to another user: run as their owner.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeysUnsafe(f"The keys at {path} are open to others: run `chmod 600 {path}`.")


def _document(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(content), path)
    except ValueError:
        # `from None`: the parser's own message quotes the document.
        raise _damaged(path) from None


def _mapping(value: object, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _damaged(path)
    return value


def _damaged(path: Path) -> KeysUnreadable:
    return KeysUnreadable(f"The keys at {path} are damaged: put back a copy of that file.")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def _write(draft: Path, document: Mapping[str, Any]) -> None:
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

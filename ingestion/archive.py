"""Sealed archives: a folder as a tar stream, encrypted in chunks with AES-256-GCM under the purpose `archive`.

Layout: 8 bytes of magic, 8 random bytes, then for each chunk its length (4 bytes, big endian) and its ciphertext.
A chunk's nonce is the random bytes and its number; its additional data say whether it is the last, so that chunks
cannot be moved, left out or cut off (the STREAM construction, https://eprint.iacr.org/2015/189).
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingestion.errors import RetentionError
from pseudonymization.keystore import DerivedKey

_MAGIC = b"HUBSEAL1"
_CHUNK = 1 << 20
_TAG = 16
_SALT = 8


def seal(folder: Path, path: Path, key: DerivedKey) -> tuple[str, int]:
    """Archive `folder` at `path`, read it back, and return the archive's SHA-256 and size.

    Whole or not at all. Raises `RetentionError` when what was written cannot be read back.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
        writer = _Writer(raw, key)
        with tarfile.open(fileobj=cast(IO[bytes], writer), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for place in sorted(folder.rglob("*")):
                if place.is_file() and not place.is_symlink():
                    tar.add(place, arcname=place.relative_to(folder).as_posix(), filter=_plain)
        writer.finish()
        raw.flush()
        os.fsync(raw.fileno())
    back = hashlib.sha256()
    for chunk in _opened(draft, key):
        back.update(chunk)
    if back.digest() != writer.digest.digest():
        raise RetentionError("The archive could not be read back as it was written: nothing was purged.")
    draft.rename(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def unseal(path: Path, key: DerivedKey, folder: Path) -> int:
    """Write what an archive holds to a new `folder`; returns the number of files.

    Raises `RetentionError` when the folder is there already, or the archive is damaged, cut or not ours.
    """
    if folder.exists():
        raise RetentionError("The folder to open the archive into is there already: name a new one.")
    if not path.is_file():
        raise RetentionError("There is no such archive: they lie in sealed/archive.")
    # Everything is authenticated before anything is written.
    for _ in _opened(path, key):
        pass
    folder.mkdir(mode=0o700, parents=True)
    try:
        with tarfile.open(fileobj=io.BufferedReader(cast(io.RawIOBase, _Reader(_opened(path, key)))), mode="r|") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise RetentionError("The archive could not be written out: check disk and permissions.") from None
    return sum(1 for place in folder.rglob("*") if place.is_file())


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


class _Writer(io.RawIOBase):
    """Encrypts what is written to it."""

    def __init__(self, raw: BinaryIO, key: DerivedKey) -> None:
        self._raw, self._cipher, self._salt = raw, AESGCM(key.secret), secrets.token_bytes(_SALT)
        self._number, self._rest = 0, bytearray()
        self.digest = hashlib.sha256()
        raw.write(_MAGIC + self._salt)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.digest.update(data)
        self._rest += data
        # One byte is kept back: the last chunk must be known as the last.
        while len(self._rest) > _CHUNK:
            self._put(bytes(self._rest[:_CHUNK]), last=False)
            del self._rest[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        self._put(bytes(self._rest), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._salt, self._number), chunk, b"last" if last else b"more")
        self._raw.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class _Reader(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._rest = following
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _opened(path: Path, key: DerivedKey) -> Iterator[bytes]:
    cipher, number = AESGCM(key.secret), 0
    with path.open("rb") as raw:
        head = raw.read(len(_MAGIC) + _SALT)
        if head[: len(_MAGIC)] != _MAGIC:
            raise RetentionError("That file is no archive of this hub.")
        size = raw.read(4)
        while size:
            sealed = raw.read(int.from_bytes(size, "big")) if int.from_bytes(size, "big") <= _CHUNK + _TAG else b""
            following = raw.read(4)
            try:
                yield cipher.decrypt(_nonce(head[len(_MAGIC) :], number), sealed, b"more" if following else b"last")
            except (InvalidTag, ValueError):
                raise RetentionError("The archive is damaged, cut, or sealed under another key.") from None
            size, number = following, number + 1
        if number == 0:
            raise RetentionError("The archive is damaged, cut, or sealed under another key.")


def _nonce(salt: bytes, number: int) -> bytes:
    return salt + number.to_bytes(4, "big")

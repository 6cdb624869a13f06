"""One delivered file under its neutral name: read once, unpacked and hashed on the way."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import zstandard

from ingestion.errors import DropError

CHUNK = 1 << 20
"""Bytes read at a time, and the most that one step of gzip gives."""
ZSTD_FEED = 1 << 12
"""Bytes fed to zstd at a time: its blocks can be 32,000 times smaller than what they hold."""
BOMB_FREE, BOMB_RATIO = 256 << 20, 500
"""Above so many unpacked bytes, more than so many times the packed ones is no file of rows."""
_GZIP_WINDOW = 31
_ZSTD_WINDOW = 1 << 27

Packing = Literal["gzip", "zstd"]
_SUFFIXES: dict[str, Packing] = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_SIGNS = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


def packing_of(name: str) -> Packing | None:
    """How a file of this name is packed."""
    return next((kind for suffix, kind in _SUFFIXES.items() if name.lower().endswith(suffix)), None)


def unpacked_name(name: str) -> str:
    """The name without the ending of its packing."""
    ending = next((suffix for suffix in (*_SUFFIXES, ".zip") if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(ending)]


def sign_of(start: bytes) -> str | None:
    """What packing the first bytes of a file betray."""
    return next((kind for sign, kind in _SIGNS.items() if start.startswith(sign)), None)


def refuse_bomb(unpacked: int, packed: int, what: str) -> None:
    """Raise `DropError` when a packed file holds more than data can."""
    if unpacked > BOMB_FREE and unpacked > BOMB_RATIO * max(packed, 1):
        raise DropError(f"{what} unpacks to more than {BOMB_RATIO} times its size: this is no file of rows.")


class Delivery:
    """A file taken in; `what` names it in messages: table and place, never its own name.

    `size` and `sha256` are of the bytes as delivered, and known once `chunks` was read to its end.
    """

    def __init__(self, path: Path, packing: Packing | None, what: str) -> None:
        self.path, self.packing, self.what = path, packing, what
        self.size = 0
        self._digest = hashlib.sha256()
        self._done = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the delivered bytes."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """Read what nobody has read: a kind that opens the file by itself leaves the hash to this."""
        if not self._done:
            for _ in self.chunks():
                pass

    def chunks(self) -> Iterator[bytes]:
        """The unpacked content, once. Raises `DropError` when it is damaged, truncated or a bomb."""
        self.size, self._digest, unpacked = 0, hashlib.sha256(), 0
        for piece in {"gzip": self._gzip, "zstd": self._zstd, None: self._read}[self.packing]():
            unpacked += len(piece)
            refuse_bomb(unpacked, self.size, self.what)
            yield piece
        self._done = True

    def content(self, limit: int) -> bytes:
        """The whole unpacked content. Raises `DropError` above `limit` bytes."""
        held = bytearray()
        for piece in self.chunks():
            held += piece
            if len(held) > limit:
                raise DropError(f"{self.what} is larger than {limit >> 20} MiB, which is no document.")
        return bytes(held)

    def _read(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.size += len(chunk)
                self._digest.update(chunk)
                yield chunk

    def _gzip(self) -> Iterator[bytes]:
        unpack = zlib.decompressobj(_GZIP_WINDOW)
        try:
            for chunk in self._read():
                rest = chunk
                while rest:
                    if unpack.eof:
                        unpack = zlib.decompressobj(_GZIP_WINDOW)
                    yield unpack.decompress(rest, CHUNK)
                    rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
        except zlib.error:
            raise DropError(f"{self.what} is damaged gzip: deliver it again.") from None
        if not unpack.eof:
            raise DropError(f"{self.what} is truncated gzip: it ends before its end; deliver it again.")

    def _zstd(self) -> Iterator[bytes]:
        context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        unpack, fed = context.decompressobj(), False
        try:
            for chunk in self._read():
                for start in range(0, len(chunk), ZSTD_FEED):
                    rest = chunk[start : start + ZSTD_FEED]
                    while rest:
                        if unpack.eof:
                            unpack = context.decompressobj()
                        fed = True
                        yield unpack.decompress(rest)
                        rest = unpack.unused_data if unpack.eof else b""
        except zstandard.ZstdError:
            raise DropError(f"{self.what} is damaged zstd: deliver it again.") from None
        if fed and not unpack.eof:
            raise DropError(f"{self.what} is truncated zstd: it ends before its end; deliver it again.")

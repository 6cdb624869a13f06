"""Zip archives in a drop: their members are files of the drop, unpacked under neutral names."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingestion.errors import DropError, StorageFull
from ingestion.packing import BOMB_FREE, BOMB_RATIO, CHUNK, refuse_bomb

MAX_MEMBERS = 10_000
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """A file in an archive; `name` is its last part, which the contracts' globs are held against."""

    archive: Path
    info: zipfile.ZipInfo
    name: str


def is_zip(name: str) -> bool:
    """Whether a file of this name is an archive."""
    return name.lower().endswith(".zip")


def members(archive: Path, what: str) -> list[Member]:
    """The files in an archive, by name; folders and what a Mac adds are left out.

    Raises `DropError`: damaged, locked by a password, a path that leads elsewhere, a link, one name twice, a bomb.
    """
    found: dict[str, Member] = {}
    with _opened(archive, what) as file:
        infos = file.infolist()
        if len(infos) > MAX_MEMBERS:
            raise DropError(f"{what} has more than {MAX_MEMBERS} members: deliver several archives.")
        refuse_bomb(sum(info.file_size for info in infos), archive.stat().st_size, what)
        for info in infos:
            path = PurePosixPath(info.filename)
            if path.is_absolute() or ".." in path.parts or "\\" in info.orig_filename or ":" in info.filename:
                raise DropError(f"{what} has a member whose path leads out of it: pack it again with plain names.")
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DropError(f"{what} has a member that is a link: pack the file itself.")
            if info.is_dir() or path.parts[0] == "__MACOSX" or path.name.startswith("."):
                continue
            if info.flag_bits & 1:
                raise DropError(f"{what} is locked by a password: deliver it open, or by a closed way.")
            if path.name in found:
                raise DropError(f"{what} has one name twice: pack it again with each file once.")
            found[path.name] = Member(archive, info, path.name)
    if not found:
        raise DropError(f"{what} holds no file: deliver it again, or take it out of the drop.")
    return [found[name] for name in sorted(found)]


def unpack(member: Member, to: Path, what: str, free: int) -> None:
    """Write a member to `to`. Raises `DropError` (damaged, larger than said) and, before it starts, `StorageFull`."""
    if member.info.file_size > free:
        raise StorageFull(f"No space left to unpack {what}: free some under the home, then ingest again.")
    written = 0
    with _opened(member.archive, what) as file, file.open(member.info) as packed, to.open("xb") as target:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > member.info.file_size or (
                written > BOMB_FREE and written > BOMB_RATIO * max(member.info.compress_size, 1)
            ):
                raise DropError(f"{what} unpacks to more than it says: deliver it again.")
            target.write(chunk)
    if written != member.info.file_size:
        raise DropError(f"{what} is truncated in its archive: deliver it again.")


@contextmanager
def _opened(archive: Path, what: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as file:
            yield file
    except DropError:
        raise
    except _DAMAGE:
        raise DropError(f"{what} is damaged, or packed in a way that is not known: deliver it again.") from None
    except RuntimeError:
        raise DropError(f"{what} is locked by a password: deliver it open, or by a closed way.") from None

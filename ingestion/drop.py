"""Taking a drop in: every file is linked under a neutral name, then hashed, unpacked, decoded and counted once."""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.bulk_manifest import check_counts
from ingestion.contract import Contract
from ingestion.errors import DropError, StorageFull
from ingestion.manifest import MANIFEST, MARK, Declared, read_manifest, require_whole
from ingestion.packing import Delivery, packing_of, unpacked_name
from ingestion.sources import source_of
from ingestion.taken import TakenFile, TakenTable
from ingestion.zips import Member, is_zip, members, unpack

__all__ = ["Drop", "TakenFile", "TakenTable", "take_in"]

_SUFFIXES = {"csv": ".csv", "fhir": ".ndjson", "ndjson": ".ndjson", "fixed": ".txt", "parquet": ".parquet"}
_PACKED = {"gzip": ".gz", "zstd": ".zst", None: ""}


@dataclass(frozen=True)
class Drop:
    """A drop that was taken in; `unmatched` counts files that no contract of the source names.

    `read` is for `seen.Seen`: (table, file name) -> SHA-256. The names stay in memory: they can hold identifiers.
    """

    source: str
    folder: Path
    tables: tuple[TakenTable, ...]
    unmatched: int
    read: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)
    stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def drop_id(self) -> str:
        """Name of the drop: what it holds, not what it is called."""
        text = "\n".join(sorted(table.batch_id for table in self.tables))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def require_unchanged(self) -> None:
        """Raise `DropError` when a file was written to since it was counted: a link shares it with its sender."""
        for path, stamp in self.stamps.items():
            if _stamp(path) != stamp:
                raise DropError(
                    f"A file in the drop of {self.source} changed while it was read: nothing was published; ingest the "
                    "drop when it is whole."
                )

    def discard(self) -> None:
        """Remove what was taken in."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class _Entry:
    """A file of the drop, or a member of an archive in it."""

    name: str
    member: Member | None = None


def take_in(
    source: str,
    folder: Path,
    contracts: Sequence[Contract],
    intake: Path,
    *,
    settle: float = 0.0,
    now: float | None = None,
) -> Drop:
    """Link (or copy) the files of `folder` under `intake` and read each of them once.

    Messages name the table and the file's place in its glob, never its name: names can hold identifiers.
    Raises `NotWhole` for a drop that is still arriving (`manifest.require_whole`), `DropError` (no such folder, no
    permission, no file, empty or damaged file, wrong encoding, other size, hash or rows than the manifest says) and
    `StorageFull`.
    """
    inside = intake / uuid.uuid4().hex
    try:
        names = _list(folder)
        manifest = read_manifest(folder)
        require_whole(folder, names, manifest, settle, time.time() if now is None else now)
        inside.mkdir(mode=0o700, parents=True)
        drop = _Intake(source, folder, inside, manifest).take(names, contracts)
        check_counts(folder, contracts, {taken.contract.table: taken.total("rows") for taken in drop.tables})
        return drop
    except OSError as error:
        shutil.rmtree(inside, ignore_errors=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"No space left to take the drop of {source} in: free some on {intake}, then ingest again."
            ) from None
        raise DropError(
            f"The drop of {source} cannot be taken in ({errno.errorcode.get(error.errno or 0, 'error')}): "
            f"check {intake} and the drop's permissions."
        ) from None
    except BaseException:
        shutil.rmtree(inside, ignore_errors=True)
        raise


def _list(folder: Path) -> list[str]:
    """Names of the drop's files, and of anything else in it but hidden things and marks."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        raise DropError(f"The drop folder {folder.name} does not exist under {folder.parent}.") from None
    except NotADirectoryError:
        raise DropError(f"The drop {folder.name} is no folder: put its files in one.") from None
    except PermissionError:
        raise DropError(f"No permission to read the drop folder {folder.name}: give the hub's user access.") from None
    shown = [entry for entry in entries if not entry.name.startswith(".") and entry.name != MARK]
    if any(entry.is_symlink() for entry in shown):
        raise DropError(f"The drop {folder.name} holds a link: whoever delivers could have the hub read what is not "
                        "theirs; put the file itself there.")  # fmt: skip
    if not any(entry.is_file() for entry in shown):
        raise DropError(f"The drop folder {folder.name} is empty.")
    return [entry.name for entry in shown if entry.name != MANIFEST]


def _stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change, in nanoseconds."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class _Intake:
    """One drop on its way in."""

    def __init__(self, source: str, folder: Path, inside: Path, manifest: Mapping[str, Declared] | None) -> None:
        self.source, self.folder, self.inside, self.manifest = source, folder, inside, manifest
        self._archives: dict[str, Path] = {}
        self._rows: dict[str, int] = {}
        self._read: dict[tuple[str, str], str] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}

    def take(self, names: Sequence[str], contracts: Sequence[Contract]) -> Drop:
        entries, strange = self._entries(names, contracts)
        matched: set[str] = set()
        tables = []
        for contract in contracts:
            mine = [entry for entry in entries if fnmatch.fnmatchcase(entry.name, contract.files)]
            matched.update(entry.name for entry in mine)
            if mine:
                files = [self._one(entry, contract, place, len(mine)) for place, entry in enumerate(mine, start=1)]
                tables.append(TakenTable(contract, tuple(files)))
        if not tables:
            expected = ", ".join(contract.files for contract in contracts)
            raise DropError(f"The drop of {self.source} holds no file of its contracts: expected {expected}.")
        self._check_archives()
        self._check_rows()
        foreign = [e for e in entries if e.name not in matched and not e.name.endswith(".json")]
        return Drop(self.source, self.inside, tuple(tables), len(foreign) + strange, self._read, self._stamps)

    def _entries(self, names: Sequence[str], contracts: Sequence[Contract]) -> tuple[list[_Entry], int]:
        """Files and members of archives, by name, and how many things in the drop are neither.

        Raises `DropError` when one name comes twice: nobody could say which of the two is meant.
        """
        found: dict[str, _Entry] = {}
        strange = 0
        for name in names:
            if not (self.folder / name).is_file():
                strange += 1
                continue
            entries = self._members(name, contracts) if is_zip(name) else [_Entry(name)]
            for entry in entries:
                if entry.name in found:
                    raise DropError(f"The drop of {self.source} has one file name twice, in an archive and beside it: "
                                    "deliver each file once.")  # fmt: skip
                found[entry.name] = entry
        return [found[name] for name in sorted(found)], strange

    def _members(self, name: str, contracts: Sequence[Contract]) -> list[_Entry]:
        what = f"An archive in the drop of {self.source}"
        # Linked first, as any file: what is looked into is what is unpacked.
        archive = self.inside / f"archive-{len(self._archives) + 1}.zip"
        self._link(name, archive, what)
        self._archives[name] = archive
        inside = members(archive, what)
        if len(inside) == 1 and any(fnmatch.fnmatchcase(name, contract.files) for contract in contracts):
            # One file packed under its own name and .zip: the archive's name is what the contract expects.
            return [_Entry(name, inside[0])]
        return [_Entry(member.name, member) for member in inside]

    def _one(self, entry: _Entry, contract: Contract, place: int, of: int) -> TakenFile:
        what = f"{contract.table} (file {place} of {of} named {contract.files})"
        variables = {}
        for column, pattern in contract.from_file_name.items():
            match = re.search(pattern, unpacked_name(entry.name))
            if match is None or not match[1]:
                raise DropError(f"The name of {what} does not tell {column}: name it as its contract says.")
            variables[column] = match[1]
        inner = entry.member.name if entry.member else entry.name
        packing = packing_of(inner)
        home = self.inside / contract.table
        home.mkdir(mode=0o700, exist_ok=True)
        path = home / f"part-{place}{_SUFFIXES.get(contract.format, '.bin')}{_PACKED[packing]}"
        if entry.member:
            unpack(entry.member, path, what, shutil.disk_usage(home).free)
        else:
            self._link(entry.name, path, what)
        delivery = Delivery(path, packing, what)
        before = _stamp(path)
        try:
            taken = source_of(contract).take(delivery, contract, variables)
            delivery.finish()
        except PermissionError:
            raise DropError(f"No permission to read {what}: give the hub's user access.") from None
        after = self._stamps[path] = _stamp(path)
        if before != after or after[0] != delivery.size:
            raise DropError(f"{what} changed while it was read: ingest the drop when it is whole.")
        if not entry.member:
            self._check_declared(entry.name, delivery.size, delivery.sha256, what)
        delivered = entry.name if not entry.member else self._archive_of(entry.member)
        self._rows[delivered] = self._rows.get(delivered, 0) + taken.rows
        self._read[contract.table, entry.name] = delivery.sha256
        return TakenFile(
            taken.path, delivery.sha256, delivery.size, taken.rows, taken.headers, taken.blanks, variables, taken.header
        )

    def _link(self, name: str, path: Path, what: str) -> None:
        """Give the file its neutral name. What is hashed is what is read, whatever happens to the name it had."""
        try:
            os.link(self.folder / name, path, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            # Another file system, or a file of another account: a copy serves as well.
            try:
                shutil.copyfile(self.folder / name, path, follow_symlinks=False)
            except PermissionError:
                raise DropError(f"No permission to read {what}: give the hub's user access.") from None
            except FileNotFoundError:
                raise DropError(f"{what} went away while the drop was taken in: deliver it again.") from None
        if path.is_symlink():
            raise DropError(f"{what} is a link: put the file itself into the drop.")

    def _archive_of(self, member: Member) -> str:
        return next(name for name, path in self._archives.items() if path == member.archive)

    def _check_declared(self, name: str, size: int, sha256: str, what: str) -> None:
        if self.manifest is None:
            return
        declared = self.manifest.get(name)
        if declared is None:
            raise DropError(f"{what} is not in the drop's {MANIFEST}: list it there, or take it out of the drop.")
        if (declared.size, declared.sha256) != (size, sha256):
            raise DropError(f"{what} is not what the drop's {MANIFEST} says: deliver it again.")

    def _check_archives(self) -> None:
        for name, path in self._archives.items():
            if self.manifest is not None:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                self._check_declared(name, path.stat().st_size, digest, f"An archive in the drop of {self.source}")

    def _check_rows(self) -> None:
        """Hold the sender's control totals against what was counted."""
        for name, declared in (self.manifest or {}).items():
            if declared.rows is not None and name in self._rows and declared.rows != self._rows[name]:
                raise DropError(
                    f"The drop of {self.source}: a file holds {self._rows[name]} rows and its {MANIFEST} says "
                    f"{declared.rows}; nothing was taken in, deliver it again."
                )

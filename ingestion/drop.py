"""Taking a drop in: every file is linked under a neutral name, then hashed, unpacked and decoded once."""

from __future__ import annotations

import codecs
import errno
import fnmatch
import hashlib
import json
import os
import re
import shutil
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.bulk_manifest import check_counts, is_bulk_manifest
from ingestion.contract import Contract
from ingestion.errors import DropError, StorageFull

_CHUNK = 1 << 20
_MANIFEST = "manifest.json"
_GZIP_WINDOW = 31


@dataclass(frozen=True)
class TakenFile:
    """A file under its neutral name.

    `rows` are the lines that a reader delivers, `headers` and `blanks` those that it does not;
    `variables` is what the contract reads from the file's name; `header` the names of a CSV file, in its own order.
    """

    path: Path
    sha256: str
    size: int
    rows: int
    headers: int
    blanks: int
    variables: Mapping[str, str]
    header: tuple[str, ...]


@dataclass(frozen=True)
class TakenTable:
    """The files of one table in a drop: a batch to be. `content_hash` is independent of names and order."""

    contract: Contract
    files: tuple[TakenFile, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 over what the files hold and what their names tell."""
        parts = sorted(f"{json.dumps(dict(file.variables), sort_keys=True)}:{file.sha256}" for file in self.files)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def batch_id(self) -> str:
        """Name of the batch (source, table, content hash, contract version)."""
        contract = self.contract
        text = "\n".join((contract.source, contract.table, self.content_hash, str(contract.version)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def total(self, name: str) -> int:
        """The sum of `rows`, `headers`, `blanks` or `size` over the files."""
        return sum(int(getattr(file, name)) for file in self.files)


@dataclass(frozen=True)
class Drop:
    """A drop that was taken in; `unmatched` counts files that no contract of the source names."""

    source: str
    folder: Path
    tables: tuple[TakenTable, ...]
    unmatched: int

    @property
    def drop_id(self) -> str:
        """Name of the drop: what it holds, not what it is called."""
        text = "\n".join(sorted(table.batch_id for table in self.tables))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def discard(self) -> None:
        """Remove what was taken in."""
        shutil.rmtree(self.folder, ignore_errors=True)


def take_in(source: str, folder: Path, contracts: Sequence[Contract], intake: Path) -> Drop:
    """Link (or copy) the files of `folder` under `intake` and read each of them once.

    Messages name the table and the file's place in its glob, never its name: names can hold identifiers.
    Raises `DropError` (no such folder, no permission, no file, empty or truncated file, wrong encoding, other size
    or hash than the manifest says) and `StorageFull`.
    """
    names = _list(folder)
    manifest = _manifest(folder)
    inside = intake / uuid.uuid4().hex
    try:
        inside.mkdir(mode=0o700, parents=True)
        tables = []
        matched: set[str] = set()
        for contract in contracts:
            mine = [name for name in names if fnmatch.fnmatchcase(name, contract.files)]
            matched.update(mine)
            if mine:
                files = [
                    _take(folder, name, contract, inside, place, len(mine), manifest)
                    for place, name in _enumerate(mine)
                ]
                tables.append(TakenTable(contract, tuple(files)))
        _check_complete(manifest, names)
        check_counts(folder, contracts, {taken.contract.table: taken.total("rows") for taken in tables})
        if not tables:
            expected = ", ".join(contract.files for contract in contracts)
            raise DropError(f"The drop of {source} holds no file of its contracts: expected {expected}.")
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
    unmatched = len([name for name in names if name not in matched])
    return Drop(source, inside, tuple(tables), unmatched)


def _enumerate(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    return enumerate(names, start=1)


def _list(folder: Path) -> list[str]:
    try:
        found = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith("."))
    except FileNotFoundError:
        raise DropError(f"The drop folder {folder.name} does not exist under {folder.parent}.") from None
    except NotADirectoryError:
        raise DropError(f"The drop {folder.name} is no folder: put its files in one.") from None
    except PermissionError:
        raise DropError(f"No permission to read the drop folder {folder.name}: give the hub's user access.") from None
    if not found:
        raise DropError(f"The drop folder {folder.name} is empty.")
    return [name for name in found if not name.endswith(".json")]


def _manifest(folder: Path) -> Mapping[str, Mapping[str, Any]] | None:
    """File name -> `size` (its `bytes`) and `sha256`, when the drop has a manifest."""
    path = folder / _MANIFEST
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        if is_bulk_manifest(content):
            return None
        files = content["files"]
        if isinstance(files, list):
            files = {entry["name"]: entry for entry in files}
        return {
            name: {"size": int(entry["bytes"] if "bytes" in entry else entry["size"]), "sha256": str(entry["sha256"])}
            for name, entry in files.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DropError(f"The drop's {_MANIFEST} cannot be read: it needs bytes and sha256 of each file.") from None


def _check_complete(manifest: Mapping[str, Mapping[str, Any]] | None, names: Sequence[str]) -> None:
    missing = len(set(manifest or ()) - set(names))
    if missing:
        raise DropError(f"The drop misses {missing} file(s) of its {_MANIFEST}: wait for them, or deliver it again.")


def _take(
    folder: Path,
    name: str,
    contract: Contract,
    inside: Path,
    place: int,
    of: int,
    manifest: Mapping[str, Mapping[str, Any]] | None,
) -> TakenFile:
    what = f"{contract.table} (file {place} of {of} named {contract.files})"
    suffix = {"csv": ".csv", "fhir": ".ndjson"}[contract.format]
    packed = name.endswith(".gz")
    home = inside / contract.table
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / f"part-{place}{suffix}{'.gz' if packed else ''}"
    try:
        # The link comes first: what is hashed is what Spark will read, whatever happens to the name it had.
        os.link(folder / name, path)
    except PermissionError:
        raise DropError(f"No permission to read {what}: give the hub's user access.") from None
    except OSError:
        try:
            shutil.copyfile(folder / name, path)
        except PermissionError:
            raise DropError(f"No permission to read {what}: give the hub's user access.") from None
    variables = {}
    for column, pattern in contract.from_file_name.items():
        match = re.search(pattern, name)
        if match is None:
            raise DropError(f"The name of {what} does not tell {column}: name it as its contract says.")
        variables[column] = match[1]
    try:
        seen = _Inspection(path, packed, what)
    except PermissionError:
        raise DropError(f"No permission to read {what}: give the hub's user access.") from None
    declared = manifest.get(name) if manifest is not None else None
    if declared is not None and (declared["size"], declared["sha256"]) != (seen.size, seen.sha256):
        raise DropError(f"{what} is not what the drop's {_MANIFEST} says: deliver it again.")
    headers = 1 if contract.format == "csv" else 0
    if seen.lines - seen.blanks == 0:
        raise DropError(f"{what} is empty: deliver it again, or take it out of the drop.")
    header = tuple(next(csv_cells(seen.first, contract.separator))) if headers else ()
    return TakenFile(
        path, seen.sha256, seen.size, seen.lines - seen.blanks - headers, headers, seen.blanks, variables, header
    )


def csv_cells(line: str, separator: str) -> Iterator[list[str]]:
    """The cells of one CSV line."""
    import csv

    return csv.reader([line.lstrip("\ufeff")], delimiter=separator)


class _Inspection:
    """One pass over a file: size, SHA-256 of its bytes, whether it unpacks and decodes, its lines and blank lines."""

    def __init__(self, path: Path, packed: bool, what: str) -> None:
        self.size = self.lines = self.blanks = 0
        self.first = ""
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder("utf-8")()
        rest = b""
        try:
            for chunk in self._content(path, packed, digest, what):
                decoder.decode(chunk)
                rest = self._count(rest + chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise DropError(f"{what} is not UTF-8: convert it (a file from Windows is often ISO-8859-1).") from None
        if rest:
            self._count(rest + b"\n")
        self.sha256 = digest.hexdigest()

    def _content(self, path: Path, packed: bool, digest: Any, what: str) -> Iterator[bytes]:
        unpack = zlib.decompressobj(_GZIP_WINDOW)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self.size += len(chunk)
                digest.update(chunk)
                if not packed:
                    yield chunk
                    continue
                try:
                    while chunk:
                        yield unpack.decompress(chunk)
                        chunk = unpack.unused_data
                        if unpack.eof and chunk:
                            unpack = zlib.decompressobj(_GZIP_WINDOW)
                        elif not unpack.eof:
                            break
                except zlib.error:
                    raise DropError(f"{what} is damaged gzip: deliver it again.") from None
        if packed and not unpack.eof:
            raise DropError(f"{what} is truncated gzip: it ends before its end; deliver it again.")

    def _count(self, content: bytes) -> bytes:
        """Count the whole lines of `content` and return what comes after the last of them."""
        # A carriage return at the very end may be half of a line break.
        end = max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1)) + 1
        if end == 0:
            return content
        lines = content[:end].splitlines()
        if not self.lines:
            first = next((line for line in lines if line.strip()), b"")
            self.first = self.first or first.decode("utf-8", "replace")
        self.lines += len(lines)
        self.blanks += sum(1 for line in lines if not line.strip())
        return content[end:]

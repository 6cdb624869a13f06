"""Turns a file into the texts it holds, whatever wraps them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_CHUNK = 8 * 1024 * 1024
_DEPTH = 4


class UndecodableError(Exception):
    """A file that announces a format and then does not hold it."""


def pieces(path: Path) -> Iterator[tuple[str, bytes]]:
    """(how it was read, bytes) for `path`: its raw bytes, and what is inside when it is a container.

    Parquet columns, gzip, bzip2, zstd, xz, zip and tar members, SQLite cells and the strings of JSON documents
    (notebooks included) are decoded, nested to a depth of four.
    Raises `UndecodableError` when a container cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        overlap = b""
        while chunk := file.read(_CHUNK):
            yield "raw", overlap + chunk
            overlap = chunk[-4096:]
    try:
        if head.startswith(b"PAR1"):
            yield from _parquet(path)
        elif head.startswith(b"SQLite format 3\0"):
            yield from _sqlite(path)
        elif path.stat().st_size:
            if _is_packed(head):
                yield from _unpacked(path.read_bytes(), head, 0)
            elif _is_tar(path):
                yield from _members(path.read_bytes(), 0)
            if path.suffix in {".ipynb", ".json", ".crc", ".ndjson", ".jsonl"}:
                yield from _json(path)
    except (
        OSError,
        pa.ArrowException,
        sqlite3.Error,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        tarfile.TarError,
    ) as error:
        raise UndecodableError(type(error).__name__) from None


def _is_packed(head: bytes) -> bool:
    packed = head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"PK\x03\x04"))
    return packed or (head.startswith(b"BZh") and head[4:10] == b"1AY&SY")


def _unpacked(data: bytes, head: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    if not data or depth >= _DEPTH:
        return
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                inner = archive.read(member)
                yield "name in zip", member.filename.encode("utf-8", "surrogateescape")
                yield "zip", inner
                yield from _nested(inner, depth)
        return
    if head.startswith(b"\x1f\x8b"):
        inner = gzip.decompress(data)
    elif head.startswith(b"\xfd7zXZ"):
        inner = lzma.decompress(data)
    elif head.startswith(b"BZh"):
        inner = bz2.decompress(data)
    else:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            inner = stream.read()
    yield "unpacked", inner
    yield from _nested(inner, depth)


def _nested(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    if _is_packed(data[:16]):
        yield from _unpacked(data, data[:16], depth + 1)
    elif data.startswith(b"PAR1"):
        yield from _parquet(io.BytesIO(data))
    elif data.startswith(b"SQLite format 3\0"):
        yield from _sqlite(data)
    elif data[257:262] == b"ustar":
        yield from _members(data, depth)


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(257)
        return file.read(5) == b"ustar"


def _members(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    if depth >= _DEPTH:
        return
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            yield "name in tar", member.name.encode("utf-8", "surrogateescape")
            file = archive.extractfile(member)
            if file is not None:
                inner = file.read()
                yield "tar", inner
                yield from _nested(inner, depth + 1)


def _parquet(source: Path | io.BytesIO) -> Iterator[tuple[str, bytes]]:
    file = pq.ParquetFile(source)
    for batch in file.iter_batches(batch_size=20_000):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            yield f"column {name}", _cells(column)


def _cells(column: pa.Array) -> bytes:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return b"\n".join(value for value in column.to_pylist() if value is not None)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "\n".join(value for value in column.to_pylist() if value is not None).encode()
    return "\n".join(str(value) for value in column.to_pylist() if value is not None).encode()


def _sqlite(source: Path | bytes) -> Iterator[tuple[str, bytes]]:
    if isinstance(source, bytes):
        connection = sqlite3.connect(":memory:")
        connection.deserialize(source)
    else:
        connection = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            quoted = name.replace('"', '""')
            # The name comes from the database's own catalogue and is quoted.
            cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608
            while rows := cursor.fetchmany(5000):
                cells = [cell for row in rows for cell in row if cell is not None]
                texts = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells]
                yield f"table {name}", b"\n".join(texts)
                for text in texts:
                    if text[:1] in b"[{" and b"\\" in text:
                        yield f"table {name}", strings(text)
    finally:
        connection.close()


def _json(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as file:
        whole = path.stat().st_size < _CHUNK
        parts = [file.read()] if whole and path.suffix in {".ipynb", ".json"} else file
        for part in parts:
            # Escapes hide accents and line ends; a text without any was already searched raw.
            if b"\\" in part:
                yield "strings", strings(part)


def strings(data: bytes) -> bytes:
    """The strings of a JSON document, or of one a line, unescaped and one a line."""
    texts: list[bytes] = []
    for document in (data, *data.splitlines()):
        try:
            value = json.loads(document)
        except ValueError:
            continue
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                texts.append(item.encode("utf-8", "surrogatepass"))
            elif isinstance(item, dict):
                waiting.extend(item.keys())
                waiting.extend(item.values())
            elif isinstance(item, list):
                if item and all(isinstance(part, str) for part in item):
                    texts.append("".join(item).encode("utf-8", "surrogatepass"))
                waiting.extend(item)
        if document is data:
            break
    return b"\n".join(texts)

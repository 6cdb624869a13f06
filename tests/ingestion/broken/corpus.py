"""Broken deliveries: for each what it is, what the sentence must say, and how to make it in a drop's folder."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import zstandard

from tests.ingestion.site import GOOD, HEADER, LINE, RIF_HEADER, cda, condition, pages, parquet

Make = Callable[[Path], object]
NAME = "DUPONT"
"""What stands for an identity in the files and their names: no sentence may hold it."""


class Broken(NamedTuple):
    what: str
    said: str
    make: Make


def holds(**files: bytes | str) -> Make:
    """A drop with these files; `__` stands for the dot in a name."""

    def make(folder: Path) -> None:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name.replace("__", ".")).write_bytes(data)

    return make


TEXT = f"{HEADER}\n{LINE}\n"
MANY = (HEADER + "\n" + "".join(f"{n},{NAME},2023-01-02,{n}.5\n" for n in range(3000))).encode()
ZSTD = zstandard.ZstdCompressor(write_checksum=True)
PARQUET = GOOD["PAGES.parquet"]
FRENCH = "number;name;day;price\n1;Hélène;28/02/2023;10,5\n"


def sparse(size: int) -> Make:
    def make(folder: Path) -> None:
        with (folder / "PLAIN.csv").open("wb") as file:
            file.write(TEXT.encode())
            file.truncate(size)

    return make


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


CSV = [
    Broken("empty file", "is empty", holds(PLAIN__csv="")),
    Broken("blank lines only", "is empty", holds(PLAIN__csv="\n \n\t\n")),
    Broken("control characters only", "is empty", holds(PLAIN__csv="\x01\n\x02\n")),
    Broken("NUL bytes", "NUL bytes near line 2", holds(PLAIN__csv=f"{HEADER}\n1,DU\0PONT,2023-01-02,1\n")),
    Broken("NUL bytes after a crash of the sender's disk", "NUL bytes", holds(PLAIN__csv=TEXT + "\0" * 4096)),
    Broken("two gigabytes without a line end", "NUL bytes near line 3", sparse(2 << 30)),
    Broken("UTF-16 with its mark", "is UTF-16", holds(PLAIN__csv=TEXT.encode("utf-16"))),
    Broken("UTF-16 big end", "is UTF-16", holds(PLAIN__csv=b"\xfe\xff" + TEXT.encode("utf-16-be"))),
    Broken("UTF-16 without mark", "NUL bytes", holds(PLAIN__csv=TEXT.encode("utf-16-le"))),
    Broken("latin-1", "not UTF-8 near line 2", holds(PLAIN__csv=TEXT.replace("DU", "Dé").encode("latin-1"))),
    Broken("two encodings", "near line 3", holds(PLAIN__csv=TEXT.encode() + "2,é,2023-01-02,1\n".encode("latin-1"))),
    Broken("text cut in a character", "not UTF-8", holds(PLAIN__csv=(TEXT + "2,é").encode()[:-1])),
    Broken("overlong UTF-8", "not UTF-8", holds(PLAIN__csv=TEXT.encode() + b"2,\xc0\xaf,2023-01-02,1\n")),
    Broken("surrogates in UTF-8", "not UTF-8", holds(PLAIN__csv=TEXT.encode() + b"2,\xed\xa0\x80,2023-01-02,1\n")),
    Broken("noise", "not UTF-8", holds(PLAIN__csv=b"\xff" * 5000)),
    Broken("semicolons for commas", "its delimiter is not", holds(PLAIN__csv=TEXT.replace(",", ";"))),
    Broken("tabs for commas", "its delimiter is not", holds(PLAIN__csv=TEXT.replace(",", "\t"))),
    Broken("a column less", "misses price", holds(PLAIN__csv=f"{HEADER[:-6]}\n1,x,2023-01-02\n")),
    Broken("a column more", "adds 1 column", holds(PLAIN__csv=f"{HEADER},{NAME}\n{LINE},1\n")),
    Broken("a column twice", "repeats price", holds(PLAIN__csv=f"{HEADER},price\n{LINE},1\n")),
    Broken("no header", "misses number", holds(PLAIN__csv=f"{LINE}\n2{LINE}\n")),
    Broken("header in capitals", "misses number", holds(PLAIN__csv=TEXT.upper())),
    Broken("header with spaces", "misses name", holds(PLAIN__csv=TEXT.replace(",", ", "))),
    Broken("a title above the header", "misses number", holds(PLAIN__csv=f"Export of {NAME}\n{TEXT}")),
    Broken("header of commas", "misses number", holds(PLAIN__csv=",,,\n" + LINE)),
    Broken("header doubled", "repeats its header in line 2", holds(PLAIN__csv=f"{HEADER}\n{TEXT}")),
    Broken("two files in one", "repeats its header in line 3", holds(PLAIN__csv=TEXT * 2)),
    Broken("header with an odd quote", "opens a quote", holds(PLAIN__csv=f'"{TEXT}')),
    Broken("header with text after a quote", "a header that is no CSV", holds(PLAIN__csv=f'"number"x{TEXT[6:]}')),
    Broken("quote never closed", "line 3 opens a quote", holds(PLAIN__csv=f'{TEXT}2,"{NAME},2023-01-02,1\n')),
    Broken("a value with a line break", "line 2 opens a quote", holds(PLAIN__csv=f'{HEADER}\n1,"a\nb",2023-01-02,1\n')),
    Broken("an error page", "misses number", holds(PLAIN__csv="<!DOCTYPE html>\n<html>502 Bad Gateway</html>\n")),
    Broken("JSON", "misses number", holds(PLAIN__csv=json.dumps({"name": NAME}))),
    Broken("a spreadsheet", "is zip", holds(PLAIN__csv=b"PK\x03\x04" + b"xl/workbook.xml" * 9)),
    Broken("gzip by another name", "is gzip", holds(PLAIN__csv=gzip.compress(MANY))),
    Broken("zstd by another name", "is zstd", holds(PLAIN__csv=ZSTD.compress(MANY))),
    Broken("bzip2", "is bzip2", holds(PLAIN__csv=bz2.compress(MANY))),
    Broken("xz", "is xz", holds(PLAIN__csv=lzma.compress(MANY))),
    Broken("gzip cut", "truncated gzip", holds(PLAIN__csv__gz=gzip.compress(MANY)[:-20])),
    Broken("gzip cut in its header", "truncated gzip", holds(PLAIN__csv__gz=gzip.compress(MANY)[:5])),
    Broken("gzip of nothing at all", "truncated gzip", holds(PLAIN__csv__gz=b"")),
    Broken("gzip of an empty file", "is empty", holds(PLAIN__csv__gz=gzip.compress(b""))),
    Broken("gzip with a wrong sum", "damaged gzip", holds(PLAIN__csv__gz=flipped(gzip.compress(MANY), -6))),
    Broken("gzip damaged", "gzip", holds(PLAIN__csv__gz=flipped(gzip.compress(MANY), 400))),
    Broken("no gzip", "damaged gzip", holds(PLAIN__csv__gz=TEXT)),
    Broken("gzip with more behind it", "damaged gzip", holds(PLAIN__csv__gz=gzip.compress(MANY) + b"more")),
    Broken("gzip of latin-1", "not UTF-8", holds(PLAIN__csv__gz=gzip.compress("é".encode("latin-1") * 9))),
    Broken("gzip in gzip", "is gzip", holds(PLAIN__csv__gz=gzip.compress(gzip.compress(MANY)))),
    Broken("a gzip bomb", "unpacks to more than", holds(PLAIN__csv__gz=gzip.compress(b"1" * (4 << 20)))),
    Broken("zstd cut", "truncated zstd", holds(PLAIN__csv__zst=ZSTD.compress(MANY)[:-20])),
    Broken("zstd damaged", "zstd", holds(PLAIN__csv__zst=flipped(ZSTD.compress(MANY), 60))),
    Broken("no zstd", "damaged zstd", holds(PLAIN__csv__zst=TEXT)),
    Broken("zstd of nothing", "is empty", holds(PLAIN__csv__zst=b"")),
    Broken("a zstd bomb", "unpacks to more than", holds(PLAIN__csv__zst=ZSTD.compress(b"1" * (4 << 20)))),
    Broken("a line without end", "is longer than", holds(PLAIN__csv=TEXT + "9" * (3 << 20))),
    Broken("a value of megabytes", "is longer than", holds(PLAIN__csv=f"{TEXT}2,{'x' * (3 << 20)},2023-01-02,1\n")),
]

DIALECTS = [
    Broken("cp1252 with a byte it has not", "not CP1252 near line 3", holds(FRENCH__csv=FRENCH.encode() + b"\x81\n")),
    Broken("commas for semicolons", "its delimiter is not", holds(FRENCH__csv=TEXT)),
    Broken("UTF-16 for cp1252", "is UTF-16", holds(FRENCH__csv=FRENCH.encode("utf-16"))),
    Broken("quoted value never closed", "cannot be read as CSV", holds(QUOTED__csv=f'{TEXT}2,"{NAME}\n{LINE}\n')),
    Broken("text after a quoted value", "cannot be read as CSV", holds(QUOTED__csv=f'{HEADER}\n1,"a"b,2023-01-02,1\n')),
    Broken("records repeat the header", "repeats its header in line 3", holds(QUOTED__csv=TEXT * 2)),
    Broken("records with NUL", "NUL bytes", holds(QUOTED__csv=TEXT + "\0")),
    Broken("no records", "is empty", holds(QUOTED__csv="")),
    Broken("records lack a column", "misses price", holds(QUOTED__csv="number,name,day\n1,x,2023-01-02\n")),
    Broken("records in latin-1", "not UTF-8", holds(QUOTED__csv="é".encode("latin-1"))),
    Broken("a record without line end", "longer than", holds(QUOTED__csv=TEXT + "9" * (3 << 20))),
    Broken("RIF header doubled", "repeats its header", holds(RIF__txt=f"{RIF_HEADER}\n" * 2)),
    Broken("RIF with commas", "its delimiter is not", holds(RIF__txt=TEXT)),
    Broken("half a UTF-16 character", "not UTF-16", holds(WIDE__csv=TEXT.encode("utf-16")[:-1])),
    Broken("UTF-8 for UTF-16", "UTF-16", holds(WIDE__csv=TEXT + "x" * (len(TEXT) % 2 + 1))),
    Broken("no lines of fixed width", "is empty", holds(FIXED__txt="\n\n")),
    Broken("fixed width with NUL", "NUL bytes", holds(FIXED__txt=b"0001\0\0\0\n")),
    Broken("fixed width in UTF-16", "is UTF-16", holds(FIXED__txt="0001".encode("utf-16"))),
    Broken("fixed width cut in its gzip", "truncated gzip", holds(FIXED__txt__gz=gzip.compress(MANY)[:-9])),
    Broken("fixed width without line end", "is longer than", holds(FIXED__txt=b"1" * (3 << 20))),
]

OBJECTS = [
    Broken("no object", "is empty", holds(OBJECTS__ndjson="\n")),
    Broken("an array a line", "line 1 is a JSON array", holds(OBJECTS__ndjson='[{"number": 1}, {"number": 2}]\n')),
    Broken("an empty array", "line 1 is a JSON array", holds(OBJECTS__ndjson="[]\n")),
    Broken("a document of JSON", "line 1 is a JSON array", holds(OBJECTS__ndjson='[\n{"number": 1}\n]')),
    Broken("two objects a line", "holds several", holds(OBJECTS__ndjson='{"number": 1} {"number": 2}\n')),
    Broken("a name unknown", "line 1 has 1 name(s)", holds(OBJECTS__ndjson=json.dumps({NAME: 1}))),
    Broken("objects with NUL", "NUL bytes", holds(OBJECTS__ndjson='{"number": 1}\0\n')),
    Broken("objects in latin-1", "not UTF-8", holds(OBJECTS__ndjson='{"name": "é"}'.encode("latin-1"))),
    Broken("objects in UTF-16", "is UTF-16", holds(OBJECTS__ndjson='{"number": 1}'.encode("utf-16"))),
    Broken("no resource", "is empty", holds(Condition__ndjson="")),
    Broken("an array of resources", "line 2 is a JSON array", holds(Condition__ndjson=f"{condition('1')}\n[]\n")),
    Broken("two resources a line", "holds several", holds(Condition__ndjson=condition("1") + condition("2"))),
    Broken("resources cut", "truncated gzip", holds(Condition__ndjson__gz=gzip.compress(MANY)[:-9])),
    Broken("resources in UTF-16", "is UTF-16", holds(Condition__ndjson=condition("1").encode("utf-16"))),
    Broken("resources by the wrong name", "is gzip", holds(Condition__ndjson=gzip.compress(MANY))),
]

PAGES = [
    Broken("Parquet of nothing", "no Parquet", holds(PAGES__parquet=b"")),
    Broken("CSV for Parquet", "no Parquet", holds(PAGES__parquet=TEXT)),
    Broken("Parquet cut", "no Parquet", holds(PAGES__parquet=GOOD["PAGES.parquet"][:-10])),
    Broken("Parquet damaged in a page", "damaged", holds(PAGES__parquet=b"PAR1" + b"\xff" * 60 + PARQUET[64:])),
    Broken("Parquet without rows", "is empty", holds(PAGES__parquet=parquet(pages().slice(0, 0)))),
    Broken("Parquet lacks a column", "misses price", holds(PAGES__parquet=parquet(pages().drop_columns(["price"])))),
    Broken(
        "Parquet adds a column", "adds 1", holds(PAGES__parquet=parquet(pages().append_column(NAME, pa.array(["x"]))))
    ),
    Broken(
        "Parquet has a column twice", "repeats name",
        holds(PAGES__parquet=parquet(pages().append_column("name", pa.array(["x"])))),
    ),
    Broken(
        "Parquet with nested values", "no plain value",
        holds(PAGES__parquet=parquet(pages().set_column(1, "name", pa.array([["x"]])))),
    ),
    Broken(
        "Parquet with bytes", "no plain value",
        holds(PAGES__parquet=parquet(pages().set_column(1, "name", pa.array([b"x"])))),
    ),
    Broken(
        "Parquet with nanoseconds", "no plain value",
        holds(PAGES__parquet=parquet(pages().set_column(2, "day", pa.array([1], pa.timestamp("ns"))))),
    ),
    Broken("Parquet in gzip", "packed Parquet", holds(PAGES__parquet__gz=gzip.compress(GOOD["PAGES.parquet"]))),
    Broken("a note without number", "does not tell number", holds(**{"note_.txt": "x"})),
    Broken("a note of megabytes", "no document", holds(note_1__txt="x" * (3 << 20))),
    Broken("a note cut", "truncated gzip", holds(note_1__txt__gz=gzip.compress(MANY)[:-9])),
    Broken("a note by another ending", "does not tell number", holds(note_1__txt__bak="x")),
    Broken("a document of megabytes", "no document", holds(doc_1__xml=cda("x" * (3 << 20)))),
    Broken("a letter of megabytes", "no document", holds(letter_1__pdf=b"%PDF-1.4" + b"x" * (3 << 20))),
]  # fmt: skip


def linked(target: str) -> Make:
    def make(folder: Path) -> None:
        (folder.parent / "theirs.csv").write_text(TEXT, encoding="utf-8")
        (folder / "PLAIN.csv").symlink_to(target)

    return make


def there(*makes: Make) -> Make:
    return lambda folder: [make(folder) for make in makes]


DROPS = [
    Broken("no folder", "does not exist", lambda folder: folder.rmdir()),
    Broken("a file for a folder", "is no folder", lambda folder: (folder.rmdir(), folder.write_text("x"))),
    Broken("an empty folder", "is empty", lambda folder: None),
    Broken("hidden files only", "is empty", holds(__PLAIN__csv=TEXT)),
    Broken("a mark only", "is empty", holds(_SUCCESS="")),
    Broken("folders only", "is empty", lambda folder: (folder / "in").mkdir()),
    Broken("a pipe for a file", "is empty", lambda folder: os.mkfifo(folder / "PLAIN.csv")),
    Broken("files of others", "holds no file of its contracts", holds(letter_of_DUPONT__doc="x")),
    Broken("a link to another's file", "holds a link", linked("../theirs.csv")),
    Broken("a link to nothing", "holds a link", linked("nowhere")),
    Broken("a link to itself", "holds a link", linked("PLAIN.csv")),
    Broken("a link to a folder", "holds a link", linked("/")),
    Broken("a link beside files", "holds a link", there(holds(FRENCH__csv=FRENCH), linked("../theirs.csv"))),
    Broken("a copy under way", "still arriving", holds(PLAIN__csv=TEXT, FRENCH__csv__filepart=FRENCH)),
    Broken("another copy under way", "still arriving", holds(PLAIN__csv__part=TEXT)),
    Broken("one bad file among good", "french", holds(PLAIN__csv=TEXT, FRENCH__csv="")),
]

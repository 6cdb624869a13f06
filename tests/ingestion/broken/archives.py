"""Broken archives and manifests."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import warnings
import zipfile
from pathlib import Path

from tests.ingestion.broken.corpus import MANY, NAME, TEXT, Broken, Make, flipped, holds, there


def packed(*members: tuple[str | zipfile.ZipInfo, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(held, "w", method) as archive:
            for name, content in members:
                archive.writestr(name, content)
    return held.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("PLAIN.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


GOOD = packed(("PLAIN.csv", TEXT))
FOLDER = zipfile.ZipInfo("folder/")


def altered(data: bytes, signature: bytes, place: int, value: bytes) -> bytes:
    """Change a field of every header with this signature."""
    changed, start = bytearray(data), 0
    while (start := data.find(signature, start)) >= 0:
        changed[start + place : start + place + len(value)] = value
        start += 4
    return bytes(changed)


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
LOCKED = altered(altered(GOOD, LOCAL, 6, b"\x01\x00"), CENTRAL, 8, b"\x01\x00")
STRANGE = altered(altered(GOOD, LOCAL, 8, b"\x63\x00"), CENTRAL, 10, b"\x63\x00")
LYING = altered(altered(GOOD, LOCAL, 22, b"\x05\x00\x00\x00"), CENTRAL, 24, b"\x05\x00\x00\x00")

ARCHIVES = [
    Broken("no zip", "damaged", holds(all__zip=TEXT)),
    Broken("zip of nothing", "damaged", holds(all__zip=b"")),
    Broken("zip cut", "damaged", holds(all__zip=GOOD[:-30])),
    Broken("zip with a damaged member", "damaged", holds(all__zip=flipped(packed(("PLAIN.csv", MANY)), 300))),
    Broken("zip with a wrong sum", "damaged", holds(all__zip=altered(GOOD, CENTRAL, 16, b"\0\0\0\0"))),
    Broken("zip that is empty", "holds no file", holds(all__zip=packed())),
    Broken("zip of folders", "holds no file", holds(all__zip=packed((FOLDER, "")))),
    Broken("zip that climbs", "leads out of it", holds(all__zip=packed(("../../PLAIN.csv", TEXT)))),
    Broken("zip that climbs from inside", "leads out of it", holds(all__zip=packed(("a/../../PLAIN.csv", TEXT)))),
    Broken("zip with a path from the root", "leads out of it", holds(all__zip=packed(("/etc/PLAIN.csv", TEXT)))),
    Broken("zip with backslashes", "leads out of it", holds(all__zip=packed(("..\\PLAIN.csv", TEXT)))),
    Broken("zip with a drive", "leads out of it", holds(all__zip=packed(("C:/PLAIN.csv", TEXT)))),
    Broken("zip with a link", "is a link", holds(all__zip=packed((link(), "/etc/passwd")))),
    Broken("zip with a password", "password", holds(all__zip=LOCKED)),
    Broken("zip by a strange method", "damaged, or packed", holds(all__zip=STRANGE)),
    Broken("zip that says too little", "", holds(all__zip=LYING)),
    Broken("a zip bomb", "unpacks to more than", holds(all__zip=packed(("PLAIN.csv", b"1" * (4 << 20))))),
    Broken("zip of many members", "more than 50 members", holds(all__zip=packed(*[(f"{n}", "") for n in range(51)]))),
    Broken("zip with a name twice", "one name twice", holds(all__zip=packed(("PLAIN.csv", TEXT), ("PLAIN.csv", TEXT)))),
    Broken("a name in two folders", "one name twice", holds(all__zip=packed(("a/PLAIN.csv", ""), ("b/PLAIN.csv", "")))),
    Broken("a name in and beside", "one file name twice", holds(all__zip=GOOD, PLAIN__csv=TEXT)),
    Broken("a name in two archives", "one file name twice", holds(all__zip=GOOD, more__zip=GOOD)),
    Broken("zip of others' files", "holds no file of its", holds(all__zip=packed((f"{NAME}.doc", "x"), ("b.doc", "")))),
    Broken("zip with an empty member", "is empty", holds(all__zip=packed(("PLAIN.csv", "")))),
    Broken("zip with latin-1", "not UTF-8", holds(all__zip=packed(("PLAIN.csv", TEXT.encode() + b"\xe9\n")))),
    Broken("zip in a zip", "holds no file of its", holds(all__zip=packed(("PLAIN.zip", GOOD), ("b.doc", "")))),
]  # fmt: skip

ENTRY = {"bytes": len(TEXT), "sha256": hashlib.sha256(TEXT.encode()).hexdigest()}


def says(manifest: object) -> Make:
    """A good file, and this manifest."""
    text = manifest if isinstance(manifest, str | bytes) else json.dumps(manifest)
    return there(holds(PLAIN__csv=TEXT), holds(manifest__json=text))


def of(**changes: object) -> Make:
    return says({"files": {"PLAIN.csv": {**ENTRY, **changes}}})


def _bare(name: str) -> Make:
    return says({"files": {"PLAIN.csv": {key: value for key, value in ENTRY.items() if key != name}}})


def _zipped(folder: Path) -> None:
    (folder / "all.zip").write_bytes(GOOD)
    (folder / "manifest.json").write_text(json.dumps({"files": {"all.zip": ENTRY}}), encoding="utf-8")


def _zip_rows(folder: Path) -> None:
    (folder / "all.zip").write_bytes(GOOD)
    entry = {"bytes": len(GOOD), "sha256": hashlib.sha256(GOOD).hexdigest(), "rows": 7}
    (folder / "manifest.json").write_text(json.dumps({"files": {"all.zip": entry}}), encoding="utf-8")


READ = "cannot be read"
MANIFESTS = [
    Broken("manifest of nothing", READ, says("")),
    Broken("manifest no JSON", READ, says(f"{NAME}:")),
    Broken("manifest cut", READ, says(json.dumps({"files": {"PLAIN.csv": ENTRY}})[:-9])),
    Broken("manifest null", READ, says("null")),
    Broken("manifest a list", READ, says([ENTRY])),
    Broken("manifest without files", READ, says({})),
    Broken("manifest with a number of files", READ, says({"files": 3})),
    Broken("manifest with files null", READ, says({"files": None})),
    Broken("manifest with a list of names", READ, says({"files": ["PLAIN.csv"]})),
    Broken("manifest in EBCDIC", READ, says(json.dumps({"files": {}}).encode("cp500"))),
    Broken("manifest nested for ever", READ, says("[" * 200_000)),
    Broken("manifest without sha256", READ, _bare("sha256")),
    Broken("manifest without bytes", READ, _bare("bytes")),
    Broken("manifest with bytes in text", READ, of(bytes="12")),
    Broken("manifest with bytes below 0", READ, of(bytes=-1)),
    Broken("manifest with bytes true", READ, of(bytes=True)),
    Broken("manifest with half bytes", READ, of(bytes=1.5)),
    Broken("manifest with a short sha256", READ, of(sha256="ab")),
    Broken("manifest with an odd sha256", READ, of(sha256="z" * 64)),
    Broken("manifest with rows in text", READ, of(rows="1")),
    Broken("manifest with rows below 0", READ, of(rows=-1)),
    Broken("manifest with a name twice", READ, says('{"files": {"PLAIN.csv": {}, "PLAIN.csv": {}}}')),
    Broken("manifest list with a name twice", READ, says({"files": [{"name": "PLAIN.csv", **ENTRY}] * 2})),
    Broken("manifest with a path", READ, says({"files": {"../PLAIN.csv": ENTRY}})),
    Broken("manifest with no name", READ, says({"files": {"": ENTRY}})),
    Broken("manifest is a folder only", "is empty", lambda folder: (folder / "manifest.json").mkdir()),
    Broken("another size", "is not what", of(bytes=len(TEXT) + 1)),
    Broken("another hash", "is not what", of(sha256="0" * 64)),
    Broken("other rows", "1 rows and its manifest.json says 2", of(rows=2)),
    Broken("a file missing", "misses 1 file", says({"files": {"PLAIN.csv": ENTRY, f"{NAME}.csv": ENTRY}})),
    Broken("a file not listed", "is not in the drop's", says({"files": {}})),
    Broken("another archive", "is not what", _zipped),
    Broken("other rows in an archive", "1 rows and its manifest.json says 7", _zip_rows),
]

"""One file that was taken in, written again with every row sealed: CSV in its own dialect, or flat NDJSON."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from ingestion.contract import Contract
from ingestion.errors import SealingError
from ingestion.lines import CONTROL
from ingestion.records import UNREADABLE
from ingestion.sealing.fhir import Resources
from ingestion.sealing.plan import NOTHING, SealingPlan
from ingestion.sources.csv import Style
from ingestion.surprises import header_of
from ingestion.taken import TakenFile
from pseudonymization.keystore import DerivedKey

FORMATS = ("csv", "ndjson", "fhir")
_BLANK = CONTROL.decode("ascii")


@dataclass
class SealedFile:
    """What became of a file: rows, those that could not be read, identifiers that were none, columns left out."""

    rows: int = 0
    malformed: int = 0
    no_identifiers: int = 0
    left_out: set[int] = field(default_factory=set)


def seal_file(taken: TakenFile, contract: Contract, plan: SealingPlan, key: DerivedKey, to: Path) -> SealedFile:
    """Write `taken` to the new file `to`, row for row; packed with gzip when its name says so.

    A row that cannot be read could hold anybody: `?` stands in its place, which the hub cannot read either. A column
    that the contract does not know is left out. Raises `SealingError`.
    """
    done = SealedFile()
    with _new(to) as file:
        if contract.format == "ndjson":
            _seal_objects(taken, plan, key, file, done)
        elif taken.path.suffix == ".ndjson":
            _seal_records(taken, contract, plan, key, file, done)
        else:
            _seal_lines(taken, contract, plan, key, file, done)
    return done


def _seal_lines(
    taken: TakenFile, contract: Contract, plan: SealingPlan, key: DerivedKey, file: IO[bytes], done: SealedFile
) -> None:
    style = Style(contract)
    out = _Writer(file, contract, style)
    header = header_of(contract, taken.header)
    kept = [place for place, name in enumerate(header.names) if name in contract.columns]
    if not kept:
        raise SealingError(f"A file of {contract.table} has none of its columns: check the header and the delimiter.")
    done.left_out |= {place for place in range(len(header.names)) if place not in kept}
    lines = (line for line in lines_of(taken.path) if line.strip(_BLANK))
    if contract.dialect.header:
        next(lines, None)
        out.write([taken.header[place] for place in kept])
    for line in lines:
        done.rows += 1
        try:
            cells = next(csv.reader([line], style), [])
        except csv.Error:
            cells = []
        if len(cells) != len(header.names):
            done.malformed += 1
            out.unreadable()
            continue
        row = {header.names[place]: cells[place] for place in kept}
        sealed, wrong = plan.seal(row, key)
        done.no_identifiers += wrong
        out.write([sealed[header.names[place]] or "" for place in kept])


def _seal_records(
    taken: TakenFile, contract: Contract, plan: SealingPlan, key: DerivedKey, file: IO[bytes], done: SealedFile
) -> None:
    """Rows whose values hold line breaks were parted at the intake."""
    out = _Writer(file, contract, Style(contract))
    names = contract.file_columns
    if contract.dialect.header:
        out.write([contract.columns[name].header or name for name in names])
    for line in lines_of(taken.path):
        record = json.loads(line)
        done.rows += 1
        if UNREADABLE in record:
            done.malformed += 1
            out.unreadable()
            continue
        sealed, wrong = plan.seal({name: record.get(name) for name in names}, key)
        done.no_identifiers += wrong
        out.write([sealed[name] or "" for name in names])


def _seal_objects(taken: TakenFile, plan: SealingPlan, key: DerivedKey, file: IO[bytes], done: SealedFile) -> None:
    touched = {*plan.digested, *plan.gone, *(name for _, columns in plan.identifiers for name in columns)}
    for line in lines_of(taken.path):
        if not line.strip():
            continue
        done.rows += 1
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            done.malformed += 1
            file.write(NOTHING.encode() + b"\n")
            continue
        # A nested value is text to the hub, and so to the plan.
        texts = {name: _text(row[name]) for name in touched if name in row}
        sealed, wrong = plan.seal(texts, key)
        done.no_identifiers += wrong
        file.write(json.dumps(row | sealed, ensure_ascii=False).encode() + b"\n")


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


class _Writer:
    def __init__(self, file: IO[bytes], contract: Contract, style: Style) -> None:
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text, style)
        self._file, self._contract = file, contract
        if contract.dialect.encoding == "utf-16":
            file.write(codecs.BOM_UTF16_LE)

    def write(self, cells: list[str]) -> None:
        try:
            self._csv.writerow(cells)
            self._flush()
        except (csv.Error, UnicodeEncodeError):
            raise SealingError(
                f"A row of {self._contract.table} cannot be written in the dialect of its contract: check delimiter, "
                "quote and encoding."
            ) from None

    def unreadable(self) -> None:
        """A line that no reader takes for a row."""
        if len(self._contract.file_columns) > 1:
            self._file.write(f"{NOTHING}\n".encode(self._encoding))
            return
        raise SealingError(f"A row of {self._contract.table} cannot be read, and none can stand for it: mend the file.")

    @property
    def _encoding(self) -> str:
        # Each line is written by itself: a mark before each would be part of its text.
        return "utf-16-le" if self._contract.dialect.encoding == "utf-16" else self._contract.dialect.encoding

    def _flush(self) -> None:
        self._file.write(self._text.getvalue().encode(self._encoding))
        self._text.seek(0)
        self._text.truncate()


def lines_of(path: Path) -> Iterator[str]:
    """The lines of what the intake wrote or linked: UTF-8, plain or gzip, ends as Spark's are."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line in io.TextIOWrapper(cast(IO[bytes], file), encoding="utf-8"):
            yield line.removesuffix("\n")


def seal_resources(taken: TakenFile, resources: Resources, to: Path) -> SealedFile:
    """Write a file of FHIR resources to the new file `to`, line for line; `?` for a line that is none."""
    done = SealedFile()
    with _new(to) as file:
        for line in lines_of(taken.path):
            if not line.strip():
                continue
            done.rows += 1
            sealed = resources.line(line)
            done.malformed += sealed is None
            file.write((NOTHING if sealed is None else sealed).encode() + b"\n")
    return done


@contextmanager
def _new(to: Path) -> Iterator[IO[bytes]]:
    with to.open("xb") as file:
        if to.suffix != ".gz":
            yield file
            return
        # No time and no name in it: the same rows give the same file.
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
            yield cast(IO[bytes], packed)

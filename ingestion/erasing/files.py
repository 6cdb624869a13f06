"""Copies of landed files without a person: lines of CSV, resources of FHIR, lines of files that no contract reads."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ingestion.contract import Contract
from ingestion.dialect import Dialect

Tuples = set[tuple[str | None, ...]]
_LINES = frozenset({"ndjson", "csv", "txt", "tsv"})


@dataclass
class Marks:
    """What gives a line away as the person's: values of columns, FHIR ids, numbers in a line that has no columns.

    `lines`: columns -> values for which the line goes; `cells`: the same for which only these cells are emptied.
    """

    lines: dict[tuple[str, ...], Tuples] = field(default_factory=dict)
    cells: dict[tuple[str, ...], Tuples] = field(default_factory=dict)
    resources: set[str] = field(default_factory=set)
    numbers: tuple[str, ...] = ()


def rewritable(contract: Contract, folder: Path) -> bool:
    """Whether `without` can take a person out of the contract's files in a drop.

    It can of lines of FHIR and of CSV as it comes without a dialect; not out of archives, documents and other forms.
    """
    if any(path.name.endswith((".zip", ".zst")) for path in folder.iterdir()):
        return False
    plain = contract.dialect == Dialect() and not any(column.header for column in contract.columns.values())
    return plain and contract.format in ("csv", "fhir")


def without(path: Path, to: Path, contract: Contract, variables: Mapping[str, str], marks: Marks) -> tuple[int, int]:
    """Copy a file without the person; returns lines that changed, and lines of data that are left."""
    gone = left = 0
    with _reading(path) as source, _writing(to) as target:
        header: list[str] | None = None
        for line in source:
            text = line.rstrip("\r\n")
            if not text.strip():
                target.write(line)
                continue
            if contract.format == "csv" and header is None:
                header = next(csv.reader([text.lstrip("\ufeff")], delimiter=contract.separator))
                target.write(line)
                continue
            kept = (
                _resource(text, marks)
                if contract.format == "fhir"
                else _csv_line(text, contract.separator, header or [], variables, marks)
            )
            gone += kept != text
            if kept is not None:
                left += 1
                target.write(kept + line[len(text) :])
    return gone, left


def _csv_line(
    text: str, separator: str, header: Sequence[str], variables: Mapping[str, str], marks: Marks
) -> str | None:
    """The line as it may stay; None when it goes."""
    try:
        cells = next(csv.reader([text], delimiter=separator))
    except csv.Error:
        cells = []
    if len(cells) != len(header):
        return None if any(number in text for number in marks.numbers) else text
    row = dict(zip(header, cells, strict=True)) | dict(variables)
    for columns, values in marks.lines.items():
        if tuple(row.get(name) for name in columns) in values:
            return None
    emptied = {
        name
        for columns, values in marks.cells.items()
        if tuple(row.get(name) for name in columns) in values
        for name in columns
    }
    if not emptied:
        return text
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="")
    writer.writerow(["" if name in emptied else cell for name, cell in zip(header, cells, strict=True)])
    return out.getvalue()


def _resource(text: str, marks: Marks) -> str | None:
    """A FHIR resource goes when it is the person's, or refers to them from anywhere in it."""
    try:
        resource = json.loads(text)
    except ValueError:
        return None if any(number in text for number in marks.numbers) else text
    if not isinstance(resource, dict):
        return text
    if resource.get("resourceType") == "Patient" and resource.get("id") in marks.resources:
        return None
    return None if any(one in marks.resources for one in _patients(resource)) else text


def _patients(node: Any) -> Iterator[str]:
    """The ids of patients that a resource refers to."""
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and "Patient/" in reference:
            yield reference.rsplit("Patient/", 1)[1].split("/", 1)[0]
        for one in node.values():
            yield from _patients(one)
    elif isinstance(node, list):
        for one in node:
            yield from _patients(one)


def unread(path: Path, to: Path, marks: Marks) -> int | None:
    """Copy a file that no contract reads; returns what went from it, 1 where it went whole; None: nothing to do."""
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind != "ndjson" and not _names(path, marks.numbers):
        return None
    if kind not in _LINES:
        return 1
    gone = 0
    try:
        with _reading(path) as source, _writing(to) as target:
            for line in source:
                named = any(number in line for number in marks.numbers)
                if named or (kind == "ndjson" and line.strip() and _resource(line.rstrip("\r\n"), marks) is None):
                    gone += 1
                else:
                    target.write(line)
    except UnicodeDecodeError:
        to.unlink()
        return 1
    if gone:
        return gone
    to.unlink()
    return None


def _names(path: Path, numbers: Sequence[str]) -> bool:
    wanted = [number.encode() for number in numbers]
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
            return any(number in line for line in file for number in wanted)
    except (OSError, EOFError):
        return False


@contextmanager
def _reading(path: Path) -> Iterator[TextIO]:
    if path.name.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as packed:
            yield packed
    else:
        with path.open("r", encoding="utf-8", newline="") as file:
            yield file


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    if path.name.endswith(".gz"):
        with (
            path.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file

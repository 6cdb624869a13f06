"""Finds where refused rows stood in their files: Spark's readers tell no line numbers, so the files are read again.

Plain Python, and only until every refused row is found. A line is compared by its digest with what the rows must
have looked like; it is taken apart only where that could not be told (quotes in CSV, JSON).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from ingestion.again import Fetched
from ingestion.contract import Contract
from ingestion.drop import TakenFile, TakenTable
from ingestion.records import MALFORMED
from ingestion.sealed_rows import SealedRows, Where
from ingestion.sources import spreading
from ingestion.surprises import header_of
from pseudonymization.keystore import KeyStore

WRITTEN = ("records.ndjson",)
"""Names of files that the intake writes itself, for kinds that Spark does not read."""
AT_MOST = 200_000
"""Rows of a batch that are looked for; more refused rows than that are no faults of lines."""
RAW_BYTES = 128 * 2**20
"""Letters of raw lines that are kept for one batch; beyond, a row has its line's number and its parsed content."""
_BREAK = "\x1f"
"""Unit separator, between cells: no file of tables holds it."""
_ID_LENGTH = 64
"""A FHIR id has at most so many letters (https://hl7.org/fhir/R4/datatypes.html#id)."""


@dataclass
class _Found:
    """Where rows stood, by their seals."""

    places: dict[bytes, Where] = field(default_factory=dict)
    letters: int = 0

    def add(self, seal: bytes, where: Where) -> None:
        self.letters += len(where.raw)
        self.places[seal] = where if self.letters <= RAW_BYTES else Where(where.file, where.line, "")

    def next_of(self, seals: deque[bytes] | None) -> bytes | None:
        """Take the first of these rows that was not found yet."""
        while seals:
            seal = seals.popleft()
            if seal not in self.places:
                return seal
        return None


def locate(taken: TakenTable, rows: SealedRows, keystore: KeyStore, among: Sequence[Fetched] | None = None) -> int:
    """Keep where the refused rows of a batch stood in the files that were taken in; returns how many were found.

    With `among`, the rows are sought in the lines that were fetched again, and nothing else is read.
    CSV: by content; a row is found unless its quoting is broken. FHIR: by the resource's id and values, so a
    resource without id is not found. Two equal lines are two rows, in order of reading.
    """
    found = _Found()
    if any(file.path.name in WRITTEN for file in taken.files):
        # Records that the intake wrote itself stand in no line of what was delivered.
        return 0
    files = _whole(taken) if among is None else [file for one in among for file in _fetched(one)]
    if taken.contract.format == "csv":
        _in_csv(taken, files, rows, keystore, found)
    elif taken.contract.format in ("fhir", "ndjson"):
        _in_ndjson(taken, files, rows, keystore, found)
    else:
        return 0
    rows.keep_places(found.places, keystore)
    return len(found.places)


@dataclass(frozen=True)
class _File:
    """A file to look in: its place among the batch's files, and the number there of each of its rows' lines.

    `numbers` is None where the file is the batch's own, whose lines are numbered as they come.
    """

    file: TakenFile
    place: int
    numbers: Sequence[int] | None = None

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and text of every line but the header."""
        headers, row = self.file.headers, 0
        for number, line in _lines(self.file.path):
            if headers and line.strip():
                headers -= 1
            elif self.numbers is None:
                yield number, line
            else:
                yield self.numbers[row], line
                row += 1


def _whole(taken: TakenTable) -> list[_File]:
    return [_File(file, place) for place, file in enumerate(taken.files, start=1)]


def _fetched(one: Fetched) -> list[_File]:
    files = one.table.files if one.table else ()
    return [_File(file, place, numbers) for file, (place, numbers) in zip(files, one.stood, strict=True)]


def carry(before: SealedRows, after: SealedRows, contract: Contract, keystore: KeyStore) -> int:
    """Keep where rows stood that were put through again and refused again; returns how many are known.

    They are known by the columns that both contracts have.
    """
    places = before.places(keystore)
    known: dict[bytes, list[Where]] = defaultdict(list)
    for sealed, row in before.opened(keystore):
        if sealed.seal in places:
            known[_same(contract, row)].append(places[sealed.seal])
    found = {}
    for sealed, row in after.opened(keystore):
        candidates = known.get(_same(contract, row))
        if candidates:
            found[sealed.seal] = candidates.pop(0)
    after.keep_places(found, keystore)
    return len(found)


def _digest(text: str, variables: Mapping[str, Any]) -> bytes:
    """A line and what its file's name told: 128 bits."""
    told = json.dumps([variables[name] for name in sorted(variables)])
    return blake2b(f"{told}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _same(contract: Contract, row: Mapping[str, Any]) -> bytes:
    return _digest(json.dumps([row.get(name) for name in (*contract.columns, MALFORMED)]), {})


def _in_csv(taken: TakenTable, files: Sequence[_File], rows: SealedRows, keystore: KeyStore, found: _Found) -> None:
    contract = taken.contract
    headers = list(dict.fromkeys(file.header for file in taken.files))
    # A column that the contract did not know was not kept with the row: it is passed over in the lines too.
    names = {header: [name if name in contract.columns else None for name in header_of(contract, header).names]
             for header in headers}  # fmt: skip
    delimiter = contract.dialect.delimiter or contract.separator
    waiting: dict[tuple[str, ...], dict[bytes, deque[bytes]]] = {header: defaultdict(deque) for header in headers}
    number = 0
    for sealed, row in islice(rows.opened(keystore), AT_MOST):
        number += 1
        told = {name: row.get(name) for name in contract.from_file_name}
        for header in headers:
            # A line that could not be read is kept as it was.
            line = row.get(MALFORMED) or _BREAK.join([row.get(name) or "" for name in names[header] if name])
            waiting[header][_digest(line, told)].append(sealed.seal)
    for one in files:
        if len(found.places) == number:
            return
        header, variables = one.file.header, one.file.variables
        for line, raw in one.lines():
            for text in _readings(raw, delimiter, names[header]):
                seal = found.next_of(waiting[header].get(_digest(text, variables)))
                if seal is not None:
                    found.add(seal, Where(one.place, line, raw))
                    break


def _readings(line: str, delimiter: str, names: Sequence[str | None]) -> Iterator[str]:
    """What a row of this line may have been kept as: its cells, the line, its cells without quotes."""

    def known(cells: Sequence[str]) -> str:
        return _BREAK.join([cell for place, cell in enumerate(cells) if place >= len(names) or names[place]])

    yield known(line.split(delimiter))
    yield line
    if '"' in line:
        try:
            yield known(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            return


def _in_ndjson(taken: TakenTable, files: Sequence[_File], rows: SealedRows, keystore: KeyStore, found: _Found) -> None:
    broken: dict[bytes, deque[bytes]] = defaultdict(deque)
    # Whichever column of the view holds the resource's id: the row is found under each of its short values.
    by_value: dict[str, list[tuple[bytes, tuple[str, ...]]]] = defaultdict(list)
    # Of a view that spreads, several rows stand in one line.
    number, several = 0, spreading(taken.contract) is not None
    for sealed, row in islice(rows.opened(keystore), AT_MOST):
        number += 1
        if row.get(MALFORMED):
            broken[_digest(row[MALFORMED], {})].append(sealed.seal)
        texts = tuple(value for value in row.values() if isinstance(value, str) and 0 < len(value) <= _ID_LENGTH)
        for text in set(texts):
            by_value[text].append((sealed.seal, texts))
    for one in files:
        if len(found.places) == number:
            return
        for line, raw in one.lines():
            seal = found.next_of(broken.get(_digest(raw, {})))
            if seal is not None:
                found.add(seal, Where(one.place, line, raw))
                continue
            candidates = [row for row in by_value.get(_id_of(raw), ()) if row[0] not in found.places]
            # Two resources with one id: the one whose values are all in this line, else the first that was read.
            fits = [row for row in candidates if all(text in raw for text in row[1])]
            for seal, _ in (fits or candidates) if several else (*fits, *candidates)[:1]:
                found.add(seal, Where(one.place, line, raw))


def _id_of(line: str) -> str:
    try:
        resource = json.loads(line)
    except ValueError:
        return ""
    return str(resource.get("id", "")) if isinstance(resource, dict) else ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines as they are counted when a drop is taken in: from 1, broken at LF, CR or both."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removesuffix("\n")

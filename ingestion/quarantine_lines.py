"""Finds where refused rows stood in their files: Spark's readers tell no line numbers, so the files are read again.

Plain Python, and only until every refused row is found. A file is compared line by line with what the rows must
have looked like; a line is taken apart only where that could not be told (quotes in CSV, JSON).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingestion.contract import Contract
from ingestion.drop import TakenFile, TakenTable
from ingestion.sealed_rows import SealedRows, Where
from ingestion.sources.csv import MALFORMED
from pseudonymization.keystore import KeyStore

AT_MOST = 200_000
"""Rows of a batch that are looked for; more refused rows than that are no faults of lines."""

_BREAK = "\x1f"
"""Unit separator, between cells: no file of tables holds it."""
Waiting = dict[str, list[tuple[bytes, dict[str, Any]]]]
"""What a line must be, or hold, to the rows (seal, columns) that it may be."""


def locate(taken: TakenTable, rows: SealedRows, keystore: KeyStore) -> int:
    """Keep where the refused rows of a batch stood in the files that were taken in; returns how many were found.

    CSV: by content; a row is found unless its quoting is broken. FHIR: by the resource's id and values, so a
    resource without id is not found. Two equal lines are two rows, in order of reading.
    """
    wanted = [(sealed.seal, row) for (sealed, row), _ in zip(rows.opened(keystore), range(AT_MOST), strict=False)]
    finder = _in_csv if taken.contract.format == "csv" else _in_ndjson
    found: dict[bytes, Where] = {}
    for place, file in enumerate(taken.files, start=1):
        missing = [(seal, row) for seal, row in wanted if seal not in found]
        if not missing:
            break
        mine = [(seal, row) for seal, row in missing if _from_this(row, file)]
        for seal, line, raw in finder(taken.contract, file, mine):
            found[seal] = Where(place, line, raw)
    rows.keep_places(found, keystore)
    return len(found)


def carry(before: SealedRows, after: SealedRows, contract: Contract, keystore: KeyStore) -> int:
    """Keep where rows stood that were put through again and refused again; returns how many are known.

    They are known by the columns that both contracts have.
    """
    places = before.places(keystore)
    known: dict[str, list[Where]] = defaultdict(list)
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


def _same(contract: Contract, row: Mapping[str, Any]) -> str:
    return json.dumps([row.get(name) for name in (*contract.columns, MALFORMED)])


def _from_this(row: Mapping[str, Any], file: TakenFile) -> bool:
    """Whether the row can come from a file whose name told these values; a row that could not be read has none."""
    return all(row.get(name) == value for name, value in file.variables.items())


def _in_csv(
    contract: Contract, file: TakenFile, wanted: list[tuple[bytes, dict[str, Any]]]
) -> Iterator[tuple[bytes, int, str]]:
    expected: Waiting = defaultdict(list)
    for seal, row in wanted:
        line = row.get(MALFORMED)
        expected[line or _BREAK.join([row.get(name) or "" for name in file.header])].append((seal, row))
    header = file.headers
    for number, line in _lines(file.path):
        if header and line.strip():
            header -= 1
            continue
        candidates = expected.get(line) or expected.get(line.replace(contract.separator, _BREAK))
        if not candidates and '"' in line:
            candidates = expected.get(_BREAK.join(_cells(line, contract.separator)))
        if candidates:
            yield candidates.pop(0)[0], number, line


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _in_ndjson(
    _contract: Contract, file: TakenFile, wanted: list[tuple[bytes, dict[str, Any]]]
) -> Iterator[tuple[bytes, int, str]]:
    broken: Waiting = defaultdict(list)
    # Whichever column of the view holds the resource's id: the row is found under each of its values.
    by_value: Waiting = defaultdict(list)
    for seal, row in wanted:
        if row.get(MALFORMED):
            broken[row[MALFORMED]].append((seal, row))
        for text in set(_texts(row)):
            by_value[text].append((seal, row))
    told = set[bytes]()
    for number, line in _lines(file.path):
        if broken.get(line):
            yield broken[line].pop(0)[0], number, line
            continue
        try:
            resource = json.loads(line)
        except ValueError:
            continue
        candidates = by_value.get(str(resource.get("id"))) if isinstance(resource, dict) else None
        candidates = [one for one in candidates or () if one[0] not in told]
        if candidates:
            # Two resources with one id: the one whose values are all in this line, else the first that was read.
            fits = [one for one in candidates if all(value in line for value in _texts(one[1]))]
            chosen = (fits or candidates)[0]
            told.add(chosen[0])
            yield chosen[0], number, line


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    for value in row.values():
        if isinstance(value, str):
            yield value


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines as they are counted when a drop is taken in: from 1, broken at LF, CR or both."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removesuffix("\n")

"""Which lines of a CSV file may share their contract's key, told from the text of the key's columns alone.

A sketch: one thread, 400 MB a second, and nothing else is made of the text. Two spellings of one key (`1` and `01`)
escape it, so what it says is held against the rows that were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from ingestion.contract import Contract
from ingestion.surprises import header_of
from ingestion.taken import TakenFile, TakenTable

_BLOCK = 1 << 24
_MIX = np.uint64(0x9E3779B97F4A7C15)
AT_MOST = 50_000_000
"""Rows of a batch whose hashes, of eight bytes each, are held at once; more are left to the engine."""

Rows = Mapping[int, list[int]]
"""File, by its number among those of the table from 1 -> rows of it, numbered from 0, in order."""


def repeated_rows(taken: TakenTable) -> Rows | None:
    """The rows whose key another row seems to have; None where this cannot be told here."""
    contract = taken.contract
    if contract.format != "csv" or not _in_every_file(taken) or taken.total("rows") > AT_MOST:
        return None
    hashes = []
    for file in taken.files:
        try:
            found = _hashes(file, contract)
        except (pa.ArrowInvalid, OSError):
            return None
        if len(found[0]) + len(found[1]) != file.rows:
            return None
        hashes.append(found)
    every = np.sort(np.concatenate([some for some, _ in hashes]))
    twice = np.unique(every[1:][every[1:] == every[:-1]])
    rows = {}
    for count, (some, unread) in enumerate(hashes, start=1):
        places = np.flatnonzero(np.isin(some, twice))
        # Rows that could not be read come between the others.
        for missing in unread:
            places[places >= missing] += 1
        rows[count] = places.tolist()
    return rows


def _in_every_file(taken: TakenTable) -> bool:
    """Whether each file is as it came, line by line, and has the key's columns."""
    contract = taken.contract
    for file in taken.files:
        named = header_of(contract, file.header).names if file.header else ()
        if file.blanks or not set(contract.key) - set(file.variables) <= set(named) or "records" in file.path.name:
            return False
    return bool(contract.key)


def _hashes(file: TakenFile, contract: Contract) -> tuple[npt.NDArray[np.uint64], list[int]]:
    """A hash of each row's key, and the numbers of the rows that are not among them since they have other cells.

    What a file's name tells is one value for all rows of a file, and is left out of the hash where it is the key's.
    """
    dialect, unread = contract.dialect, list[int]()

    def refuse(row: csv.InvalidRow) -> str:
        unread.append(row.number - 1 - file.headers)
        return "skip"

    names = list(header_of(contract, file.header).names)
    wanted = [name for name in contract.key if name in names]
    with _opened(file.path) as content:
        reader = csv.open_csv(
            content,
            # By one thread: rows that cannot be read are numbered.
            read_options=csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, skip_rows=file.headers, column_names=names
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter or contract.separator,
                quote_char=dialect.quote or False,
                double_quote=dialect.escape in (None, dialect.quote),
                escape_char=dialect.escape if dialect.escape not in (None, dialect.quote) else False,
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.binary()), strings_can_be_null=False
            ),
        )
        parts = [_hash(batch, file) for batch in reader]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64), sorted(unread)


def _hash(batch: pa.RecordBatch, file: TakenFile) -> npt.NDArray[np.uint64]:
    start = pd.util.hash_array(np.array([repr(sorted(file.variables.items()))], dtype=object), categorize=False)
    mixed = np.full(batch.num_rows, start[0], np.uint64)
    for column in batch.columns:
        codes = column.dictionary_encode()
        values = np.array(codes.dictionary.to_pylist(), dtype=object)
        hashed = pd.util.hash_array(values, categorize=False) if len(values) else np.zeros(1, np.uint64)
        mixed = mixed * _MIX + hashed[codes.indices.to_numpy(zero_copy_only=False)]
    return mixed


def _opened(path: Path) -> IO[bytes] | pa.NativeFile:
    return pa.input_stream(str(path), compression="gzip" if path.name.endswith(".gz") else None)

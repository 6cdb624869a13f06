"""CSV in the contract's dialect; Spark reads it by lines, or the intake by records where values hold line breaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from ingestion.contract import Contract
from ingestion.errors import DropError
from ingestion.header import check_header as check_strictly
from ingestion.lines import CONTROL, MAX_LINE, take_lines, texts
from ingestion.packing import Delivery
from ingestion.places import ROW, row_place
from ingestion.records import MALFORMED, RecordFile, read_records
from ingestion.surprises import SURPRISE, check_header, header_of, header_reason, refuses_by_header
from ingestion.taken import Taken, TakenTable

__all__ = ["MALFORMED", "check", "read", "take"]

_RECORDS = "records.ndjson"
_YEAR = 4
"""Characters of a year, the longest that a part of a file's name may have to stand in a plan if it is not plain."""


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Count lines, or records where the dialect has `line_breaks`.

    Raises `DropError`: no rows of text at all, a header repeated further down, a quote that is not closed in its line.
    """
    if _by_records(contract, variables):
        return _take_records(delivery, contract, variables)
    dialect = contract.dialect
    look = _Look(delivery.what, contract)
    lines = take_lines(delivery, encoding=dialect.encoding, blank=CONTROL, look=look)
    if not lines.full:
        raise DropError(f"{delivery.what} is empty: deliver it again, or take it out of the drop.")
    headers = 1 if dialect.header else 0
    try:
        header = tuple(next(csv.reader([lines.first], Style(contract)))) if headers else _own_names(contract)
    except csv.Error:
        raise DropError(f"{delivery.what} has a header that is no CSV: a quote in it is followed by text.") from None
    return Taken(lines.path, lines.full - headers, headers, lines.blanks, header)


def check(taken: TakenTable) -> None:
    """Refuse a header that the contract's `surprises` do not let in. Raises `DropError` naming the column.

    Where the intake reads records, no surprise is let in.
    """
    contract, hint = taken.contract, "if its columns are all there, its delimiter is not the contract's"
    if any(file.path.name == _RECORDS for file in taken.files):
        check_strictly(taken, hint=hint)
        return
    for place, file in enumerate(taken.files, start=1):
        what = f"The header of {contract.table} (file {place} of {len(taken.files)} named {contract.files})"
        check_header(contract, file.header, what, hint)


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """Text columns in the contract's order, `_malformed`, the row's place; `_surprise` where a header may refuse."""
    contract = taken.contract
    dialect = contract.dialect
    groups: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    records = [file.path for file in taken.files if file.path.name == _RECORDS]
    for file in taken.files:
        if file.path.name == _RECORDS:
            continue
        groups.setdefault((file.header, tuple(sorted(file.variables.items()))), []).append(str(file.path))
    frames = [read_records(spark, records, contract.columns)] if records else []
    for (cells, variables), paths in groups.items():
        header = header_of(contract, cells)
        schema = StructType([StructField(name, StringType()) for name in (*header.names, MALFORMED)])
        frame = (
            spark.read.schema(schema)
            .option("header", dialect.header)
            .option("enforceSchema", True)
            .option("sep", _delimiter(contract))
            .option("quote", dialect.quote or "\0")
            .option("escape", dialect.escape or dialect.quote or "\0")
            .option("encoding", "UTF-8")
            .option("mode", "PERMISSIVE")
            .option("columnNameOfCorruptRecord", MALFORMED)
            .option("maxCharsPerColumn", -1)
            .csv(paths)
        )
        absent = {name: F.lit(None).cast("string") for name in header.missing}
        if refuses_by_header(contract):
            absent[SURPRISE] = F.lit(header_reason(contract, header)).cast("string")
        named = {name: F.lit(value) for name, value in variables}
        frame = frame.withColumns({ROW: row_place(), **named, **absent})
        if not contract.lake_columns:
            # Spark refuses to read the unreadable lines alone; a table that keeps nothing might ask for no more.
            some = F.length(F.coalesce(F.col(header.names[0]), F.lit("")))
            frame = frame.withColumn(MALFORMED, F.when(some >= 0, F.col(MALFORMED)))
        # A record that the intake wrote stands nowhere in what was delivered: then no row of the table has a place.
        wanted = [name for name in (MALFORMED, SURPRISE, *(() if records else (ROW,))) if name in frame.columns]
        frames.append(frame.select(*contract.columns, *wanted))
    return reduce(lambda some, more: some.unionByName(more, allowMissingColumns=True), frames)


def _by_records(contract: Contract, variables: Mapping[str, str]) -> bool:
    """Whether the intake reads the records: for line breaks, and so that no telling part of a name enters a plan.

    A year tells nobody; a number that could be somebody's is longer.
    """
    telling = [
        name
        for name, value in variables.items()
        if contract.columns[name].sensitivity != "plain" and len(value) > _YEAR
    ]
    return contract.dialect.line_breaks or bool(telling)


def _own_names(contract: Contract) -> tuple[str, ...]:
    """The header that a file without one would have."""
    return tuple(contract.columns[name].header or name for name in contract.file_columns)


def _delimiter(contract: Contract) -> str:
    return contract.dialect.delimiter or contract.separator


class Style(csv.Dialect):
    """The dialect as Python's csv module takes it."""

    lineterminator = "\n"
    strict = True

    def __init__(self, contract: Contract) -> None:
        self.delimiter = _delimiter(contract)
        self.quotechar = contract.dialect.quote or None
        self.quoting = csv.QUOTE_MINIMAL if self.quotechar else csv.QUOTE_NONE
        self.escapechar = contract.dialect.escape
        self.doublequote = self.escapechar is None or self.escapechar == self.quotechar
        if self.doublequote:
            self.escapechar = None
        super().__init__()


class _Look:
    """Looks for what Spark would read without a word and get wrong."""

    def __init__(self, what: str, contract: Contract) -> None:
        self.what = what
        self.quote = contract.dialect.quote.encode()
        self.escape = (contract.dialect.escape or "").encode()
        self.header = contract.dialect.header and len(contract.file_columns) > 1
        self.first: bytes | None = None

    def __call__(self, lines: Sequence[bytes], before: int) -> None:
        if self.header:
            self._repeated(lines, before)
        if self.quote:
            for number, line in enumerate(lines, start=before + 1):
                if self.quote in line and not self._closed(line):
                    raise DropError(f"{self.what}, line {number} opens a quote that it does not close: write dialect: "
                                    "{line_breaks: true} if values hold line breaks, {quote: ''} if quotes are plain "
                                    "characters, else correct it.")  # fmt: skip

    def _repeated(self, lines: Sequence[bytes], before: int) -> None:
        start = 0
        if self.first is None:
            place = next((place for place, line in enumerate(lines) if line.strip(CONTROL)), None)
            if place is None:
                return
            self.first, start = lines[place], place + 1
        if self.first in lines[start:]:
            number = before + lines.index(self.first, start) + 1
            raise DropError(f"{self.what} repeats its header in line {number}: it is several files in one; "
                            "deliver them one by one.")  # fmt: skip

    def _closed(self, line: bytes) -> bool:
        quotes = line.count(self.quote)
        if not self.escape or self.escape == self.quote:
            return quotes % 2 == 0
        plain = line.replace(self.escape * 2, b"").replace(self.escape + self.quote, b"")
        return plain.count(self.quote) % 2 == 0


class _Lines:
    """An iterator of text as csv.reader wants it: line by line, ends kept."""

    def __init__(self, delivery: Delivery, encoding: str) -> None:
        self.pieces, self.what, self.rest = texts(delivery, encoding), delivery.what, ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while (end := self.rest.find("\n")) < 0:
            piece = next(self.pieces, None)
            if piece is None:
                line, self.rest = self.rest, ""
                if not line:
                    raise StopIteration
                return line
            self.rest += piece
            if len(self.rest) > MAX_LINE and "\n" not in piece:
                raise DropError(f"{self.what} has a line longer than {MAX_LINE >> 20} MiB: it has lost its line ends.")
        line, self.rest = self.rest[: end + 1], self.rest[end + 1 :]
        return line


def _take_records(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Records by Python's csv module, written to the intake; one that has not its header's cells is unreadable."""
    dialect, what = contract.dialect, delivery.what
    csv.field_size_limit(MAX_LINE)
    rows = csv.reader(_Lines(delivery, dialect.encoding), Style(contract))
    header, headers, blanks = tuple(contract.file_columns), 0, 0
    with RecordFile(delivery.path.with_name(_RECORDS)) as records:
        try:
            for cells in rows:
                if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                    blanks += 1
                elif dialect.header and not headers:
                    header, headers = tuple(cells), 1
                elif len(cells) != len(header):
                    records.refuse(json.dumps(cells, ensure_ascii=False))
                elif headers and tuple(cells) == header and len(header) > 1:
                    raise DropError(f"{what} repeats its header in line {rows.line_num}: deliver its parts one by one.")
                else:
                    records.add({**dict(zip(header, cells, strict=True)), **variables})
        except csv.Error:
            raise DropError(
                f"{what} cannot be read as CSV from the record that ends in line {rows.line_num}: a quote is not "
                "closed, or is followed by something else than the delimiter."
            ) from None
        if not records.records and not headers:
            raise DropError(f"{what} is empty: deliver it again, or take it out of the drop.")
        return Taken(records.path, records.records, headers, blanks, header)

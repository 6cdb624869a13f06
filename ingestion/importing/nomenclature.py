"""Code lists: a Table Schema and the CSV beside it become a reference table that is replaced whole.

A code list names nobody and is public: every column is plain and may be granted. What the schema leaves open is read
from the file: its separator, its own spelling of a header, and columns in which every value is a SAS date.
"""

from __future__ import annotations

import csv
import itertools
import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingestion.contract import RESERVED, Contract
from ingestion.errors import first_fault
from ingestion.importing.errors import ImportRefused
from ingestion.importing.table_schema import Field, TableSchema, read_table_schema

_SEPARATORS = ";,\t|"
_SAS = re.compile(r"^\d{2}[A-Za-z]{3}\d{4}(:\d{2}:\d{2}:\d{2}(\.\d{1,3})?)?$")
_MIDNIGHT = re.compile(r":00:00:00(\.0+)?$")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?([eE]-?\d+)?$")


@dataclass(frozen=True)
class CodeList:
    """A described list and its file; `headers` are the file's, in the order of the schema's fields."""

    schema: TableSchema
    file: Path
    separator: str
    headers: tuple[str, ...]
    rows: int
    broken: bool

    @property
    def name(self) -> str:
        """The list's name, and its table's."""
        return self.schema.name


def read_code_list(schema: Path) -> CodeList | None:
    """The list that a schema describes; None when no CSV file is beside it. Raises `ImportRefused`."""
    described, file = read_table_schema(schema), schema.with_suffix(".csv")
    if not file.is_file():
        return None
    separator = _separator(file, len(described.fields))
    lines = list(_records(file, separator))
    header, rows = lines[0], lines[1:]
    odd = next((place for place, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if odd is not None:
        raise ImportRefused(f"{file.name}: record {odd} has not as many values as the header; correct the file.")
    places = _places(described, header, file)
    columns = [[row[place] for row in rows] for place in places]
    fields = tuple(_typed(field, values) for field, values in zip(described.fields, columns, strict=True))
    key = _good_key(described, columns)
    broken = any("\n" in value or "\r" in value for row in lines for value in row)
    headers = tuple(header[place] for place in places)
    return CodeList(replace(described, fields=fields, key=key), file, separator, headers, len(rows), broken)


def draft_list(found: CodeList, *, source: str) -> Contract:
    """The contract of a code list. Raises `ImportRefused`."""
    # Where the schema's name is no name, the file's header is the better spelling of it.
    spelled = zip((field.name for field in found.schema.fields), found.headers, strict=True)
    names = contract_names([name if name.isascii() else header for name, header in spelled])
    renamed = dict(zip((field.name for field in found.schema.fields), names, strict=True))
    columns: dict[str, Any] = {}
    for field, name, header in zip(found.schema.fields, names, found.headers, strict=True):
        columns[name] = {
            "type": field.type,
            "format": field.format,
            "header": header if header != name else None,
            "required": field.name in found.schema.key,
            "sensitivity": "plain",
            "fr": field.label if field.label != field.name else header,
            "en": field.label if field.label != field.name else header,
        }
    try:
        return Contract.model_validate(
            {
                "table": found.name,
                "version": 1,
                "source": source,
                "files": f"{found.name}.csv",
                "format": "csv",
                "separator": found.separator,
                "label": {"fr": found.schema.title, "en": found.schema.title},
                "columns": columns,
                "key": [renamed[name] for name in found.schema.key],
                # An empty delivery would otherwise take the place of the whole list.
                "table_rules": [{"rule": "row_count", "min": 1}],
                "write": "snapshot",
            }
        )
    except ValidationError as error:
        raise ImportRefused(f"The code list {found.name} makes no contract: {first_fault(error)}.") from None


def write_drop(lists: Sequence[CodeList], folder: Path) -> int:
    """Put the files together in a drop; those whose values hold line breaks get blanks in their place.

    Returns how many were rewritten. Raises `ImportRefused` when the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ImportRefused(f"The drop {folder.name} holds files already: give another name.")
    folder.mkdir(parents=True, exist_ok=True)
    for found in lists:
        target = folder / f"{found.name}.csv"
        if not found.broken:
            shutil.copyfile(found.file, target)
            continue
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=found.separator, lineterminator="\n")
            for row in _records(found.file, found.separator):
                writer.writerow([re.sub(r"[\r\n]+", " ", value) for value in row])
    return sum(found.broken for found in lists)


def _separator(file: Path, fields: int) -> str:
    """The sign that splits the first record into as many cells as the schema has fields."""
    for separator in _SEPARATORS:
        first = next(_records(file, separator), [])
        if len(first) == fields and (fields > 1 or not any(sign in first[0] for sign in _SEPARATORS)):
            return separator
    raise ImportRefused(f"The header of {file.name} has not as many columns as its schema has fields ({fields}).")


def _records(file: Path, separator: str) -> Iterator[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from (row for row in csv.reader(lines, delimiter=separator) if row)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ImportRefused(f"{file.name} cannot be read as CSV in UTF-8: convert or correct it.") from None


def _places(schema: TableSchema, header: Sequence[str], file: Path) -> list[int]:
    """Where each field is in the file: by its name, and what is left over (a spelling apart) by its turn."""
    left = [place for place, name in enumerate(header) if name not in schema.columns]
    places = []
    for field in schema.fields:
        if field.name in header:
            places.append(list(header).index(field.name))
        elif left:
            places.append(left.pop(0))
    if len(set(places)) != len(schema.fields):
        raise ImportRefused(f"The header of {file.name} is not that of its schema: a column is missing or repeated.")
    return places


def _typed(field: Field, values: Sequence[str]) -> Field:
    """The field's type as the file bears it out: SAS dates are dates, and a number that is none is text."""
    given = [value.strip() for value in values if value.strip()]
    if field.type == "string" and given and all(_SAS.match(value) for value in given):
        times = [":" in value for value in given]
        if not any(times):
            return replace(field, type="date", format="sas_date")
        if all(times):
            day = all(_MIDNIGHT.search(value) for value in given)
            return replace(field, type="date" if day else "timestamp", format="sas_datetime")
    if field.type == "double" and not all(_NUMBER.match(value) for value in given):
        return replace(field, type="string", format=None)
    return field


def _good_key(schema: TableSchema, columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The schema's key where every row has it and no two share it; otherwise none, so that no code is refused."""
    parts = [columns[place] for place, field in enumerate(schema.fields) if field.name in schema.key]
    keys = list(zip(*parts, strict=True))
    whole = all(value.strip() for key in keys for value in key)
    return schema.key if parts and whole and len(set(keys)) == len(keys) else ()


def contract_names(originals: Sequence[str]) -> list[str]:
    """Names that a contract may have: no accents, letters, digits and `_`, each once whatever its case."""
    names: list[str] = []
    for original in originals:
        plain = unicodedata.normalize("NFKD", original).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:60]
        if not re.match("[A-Za-z]", name) or name in RESERVED or name.startswith("person_key"):
            name = f"C_{name}"
        taken = {one.lower() for one in names}
        free = (f"{name}_{turn}" if turn > 1 else name for turn in itertools.count(1))
        names.append(next(one for one in free if one.lower() not in taken))
    return names

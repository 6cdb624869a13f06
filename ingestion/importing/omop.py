"""The OMOP CDM's own description: one CSV with a line for each field of each table.

Format: OHDSI, Common Data Model, "Field Level" specification (`cdmTableName`, `cdmFieldName`, `isRequired`,
`cdmDatatype`, `userGuidance`, `isPrimaryKey`, `isForeignKey`, `fkTableName`, `fkFieldName`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from ingestion.importing.errors import ImportRefused
from ingestion.importing.table_schema import Field, Reference, TableSchema

_NEEDED = ("cdmTableName", "cdmFieldName", "isRequired", "cdmDatatype", "isPrimaryKey", "isForeignKey", "fkTableName",
           "fkFieldName")  # fmt: skip
_TYPES = {
    "integer": ("integer", "long"),
    "bigint": ("integer", "long"),
    "float": ("number", "double"),
    "numeric": ("number", "double"),
    "date": ("date", "date"),
    "datetime": ("datetime", "timestamp"),
    "timestamp": ("datetime", "timestamp"),
}
_LENGTH = re.compile(r"\((\d+)\)")


def read_field_level(path: Path, *, prefix: str = "") -> list[TableSchema]:
    """The tables of a field-level file, each name after `prefix`. Raises `ImportRefused` naming line and column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise ImportRefused(f"{path.name} is no OMOP field-level file: it has no column {missing[0]}.")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ImportRefused(f"{path.name} cannot be read as CSV in UTF-8: check the file.") from None
    tables: dict[str, list[dict[str, str]]] = {}
    for line, row in rows:
        if any(not (row.get(name) or "").strip() for name in ("cdmTableName", "cdmFieldName", "cdmDatatype")):
            raise ImportRefused(f"{path.name}, line {line}: table, field and datatype are needed.")
        tables.setdefault(_name(row["cdmTableName"]), []).append(row)
    if not tables:
        raise ImportRefused(f"{path.name} describes no table.")
    return [_table(name, fields, prefix) for name, fields in tables.items()]


def _table(name: str, rows: list[dict[str, str]], prefix: str) -> TableSchema:
    references = tuple(
        Reference((_name(row["cdmFieldName"]),), prefix + _name(row["fkTableName"]), (_name(row["fkFieldName"]),))
        for row in rows
        if _true(row["isForeignKey"]) and _given(row["fkTableName"]) and _given(row["fkFieldName"])
    )
    key = tuple(_name(row["cdmFieldName"]) for row in rows if _true(row["isPrimaryKey"]))
    return TableSchema(prefix + name, f"OMOP {name}", tuple(_field(row) for row in rows), key, references)


def _field(row: Mapping[str, str]) -> Field:
    described = row["cdmDatatype"].strip().lower()
    kind, type_ = _TYPES.get(described.partition("(")[0].strip(), ("string", "string"))
    length = _LENGTH.search(described) if kind == "string" else None
    name = _name(row["cdmFieldName"])
    return Field(
        name=name,
        kind=kind,
        type=type_,
        format=None,
        label=name.replace("_", " "),
        length=int(length[1]) if length else None,
        required=_true(row["isRequired"]),
        codes=None,
        nomenclature=None,
        since=None,
        until=None,
    )


def _name(text: str) -> str:
    """Tables and fields are written in either case, and some in quotes since they are words of SQL."""
    return text.strip().strip('"').lower()


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in {"true", "yes"}


def _given(text: str | None) -> bool:
    return (text or "").strip().upper() not in {"", "NA"}

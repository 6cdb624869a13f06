"""Frictionless Table Schemas, as the SNDS is described in: types, keys, labels, code lists.

Specification: Frictionless Data, "Table Schema". Beside it, fields of the SNDS schemas are read where they are there:
`type_oracle` (a code that is text in the source keeps its zeros, whatever `type` says), `nomenclature`, `length`,
`dateCreated`, `dateDeleted`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.importing.errors import ImportRefused

_INT_DIGITS, _LONG_DIGITS, _DECIMAL_DIGITS = 9, 18, 38
_ORACLE_TEXT = ("string", "varchar", "char")
#: strptime -> Spark (java.time), in the order in which they are replaced.
_DATE_PARTS = {"%d": "dd", "%m": "MM", "%Y": "yyyy", "%y": "yy", "%b": "MMM", "%H": "HH", "%M": "mm", "%S": "ss"}


@dataclass(frozen=True)
class Field:
    """A described column: `kind` as the schema says, `type` and `format` as a contract does."""

    name: str
    kind: str
    type: str
    format: str | None
    label: str
    length: int | None
    required: bool
    codes: tuple[str, ...] | None
    nomenclature: str | None
    since: str | None
    until: str | None


@dataclass(frozen=True)
class Reference:
    """A foreign key: these columns are those of another table."""

    columns: tuple[str, ...]
    table: str
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class TableSchema:
    """A described table."""

    name: str
    title: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Names of the fields."""
        return frozenset(field.name for field in self.fields)


def read_table_schema(path: Path) -> TableSchema:
    """The schema in a JSON file. Raises `ImportRefused` naming the file and what is missing."""
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise ImportRefused(f"{path.name} cannot be read as UTF-8: check the file and its permissions.") from None
    except json.JSONDecodeError as error:
        raise ImportRefused(f"{path.name} is not JSON at line {error.lineno}, column {error.colno}.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("fields"), list) or not raw["fields"]:
        raise ImportRefused(f"{path.name} is no Table Schema: it has no list of fields.")
    fields = []
    for place, one in enumerate(raw["fields"], start=1):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise ImportRefused(f"{path.name}: field {place} has no name.")
        fields.append(_field(one))
    key = _names(raw.get("primaryKey"))
    unknown = sorted(set(key) - {field.name for field in fields})
    if unknown:
        raise ImportRefused(f"{path.name}: the primary key names {unknown[0]}, which is no field.")
    references = tuple(reference for one in raw.get("foreignKeys") or () if (reference := _reference(one)) is not None)
    name = raw.get("name") or path.stem
    return TableSchema(str(name), str(raw.get("title") or name), tuple(fields), key, references)


def _field(raw: dict[str, Any]) -> Field:
    kind = str(raw.get("type") or "string")
    type_, pattern = _typed(raw, kind)
    constraints = raw.get("constraints") or {}
    codes = constraints.get("enum")
    nomenclature = str(raw.get("nomenclature") or "").strip()
    return Field(
        name=raw["name"],
        kind=kind,
        type=type_,
        format=pattern,
        label=_one_line(raw.get("description") or raw.get("title") or raw["name"]),
        length=_size(raw)[0],
        required=bool(constraints.get("required")),
        codes=tuple(str(code) for code in codes) if codes else None,
        nomenclature=nomenclature if nomenclature not in {"", "-"} else None,
        since=_one_line(raw.get("dateCreated") or "") or None,
        until=_one_line(raw.get("dateDeleted") or "") or None,
    )


def _typed(raw: dict[str, Any], kind: str) -> tuple[str, str | None]:
    """Type and date pattern. What cannot be typed without a guess stays text, which loses nothing."""
    oracle = str(raw.get("type_oracle") or "").lower()
    format_ = str(raw.get("format") or "default")
    digits, decimals = _size(raw)
    text = ("string", None)
    match kind:
        case "integer":
            if oracle.startswith(_ORACLE_TEXT):
                return text
            if digits is None or digits > _LONG_DIGITS:
                return (f"decimal({digits},0)", None) if digits and digits <= _DECIMAL_DIGITS else text
            return ("int" if digits <= _INT_DIGITS else "long"), None
        case "number":
            if oracle.startswith(_ORACLE_TEXT):
                return text
            if digits and decimals is not None and digits + decimals <= _DECIMAL_DIGITS:
                # Some sources count the decimals among the digits and some do not: room for both loses nothing.
                return f"decimal({digits + decimals},{decimals})", None
            return "double", None
        case "boolean":
            return ("boolean", None) if not raw.get("trueValues") and not raw.get("falseValues") else text
        case "year":
            return "int", None
        case "date" | "datetime":
            spark = "date" if kind == "date" else "timestamp"
            if format_ == "default":
                return spark, None
            pattern = _pattern(format_)
            # A month alone, or a pattern of which a part is unknown, is no date.
            return (spark, pattern) if pattern and "yy" in pattern and "M" in pattern and "dd" in pattern else text
        case _:
            return text


def _size(raw: dict[str, Any]) -> tuple[int | None, int | None]:
    """Digits in all and after the point, from `length` (`13` or `13,2`) and `constraints.decimals`."""
    whole, _, after = str(raw.get("length") or "").partition(",")
    constrained = (raw.get("constraints") or {}).get("decimals")
    decimals = int(after) if after.strip().isdigit() else constrained if isinstance(constrained, int) else None
    return (int(whole) if whole.strip().isdigit() else None), decimals


def _pattern(format_: str) -> str | None:
    for python, spark in _DATE_PARTS.items():
        format_ = format_.replace(python, spark)
    return None if "%" in format_ else format_


def _reference(raw: Any) -> Reference | None:
    """A foreign key; None for one that says too little to follow."""
    if not isinstance(raw, dict) or not isinstance(raw.get("reference"), dict):
        return None
    ours, theirs = _names(raw.get("fields")), _names(raw["reference"].get("fields"))
    table = raw["reference"].get("resource")
    if not ours or len(ours) != len(theirs) or not isinstance(table, str) or not table:
        return None
    return Reference(ours, table, theirs)


def _names(raw: Any) -> tuple[str, ...]:
    """The schema allows a name or a list of names."""
    if isinstance(raw, str):
        return (raw,)
    return tuple(str(name) for name in raw or ())


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())

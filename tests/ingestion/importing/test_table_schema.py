"""Table Schemas read as they are described: types that lose nothing, keys, references, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.importing.errors import ImportRefused
from ingestion.importing.table_schema import Reference, read_table_schema


def written(folder: Path, content: Any, name: str = "T.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def typed(folder: Path, **field: Any) -> tuple[str, str | None]:
    (one,) = read_table_schema(written(folder, {"fields": [{"name": "X", **field}]})).fields
    return one.type, one.format


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "string"}, ("string", None)),
        ({"type": "integer", "length": "2"}, ("int", None)),
        ({"type": "integer", "length": "13"}, ("long", None)),
        ({"type": "integer", "length": "22"}, ("decimal(22,0)", None)),
        ({"type": "integer"}, ("string", None)),
        ({"type": "integer", "length": "9", "type_oracle": "string"}, ("string", None)),
        ({"type": "integer", "length": "9", "type_oracle": "number"}, ("int", None)),
        ({"type": "number", "length": "13,2"}, ("decimal(15,2)", None)),
        ({"type": "number", "length": "5", "constraints": {"decimals": 5}}, ("decimal(10,5)", None)),
        ({"type": "number"}, ("double", None)),
        ({"type": "boolean"}, ("boolean", None)),
        ({"type": "boolean", "trueValues": ["O"], "falseValues": ["N"]}, ("string", None)),
        ({"type": "year"}, ("int", None)),
        ({"type": "yearmonth"}, ("string", None)),
        ({"type": "date", "format": "default"}, ("date", None)),
        ({"type": "date", "format": "%d%m%Y"}, ("date", "ddMMyyyy")),
        ({"type": "date", "format": "%m"}, ("string", None)),
        ({"type": "date", "format": "%d/%Q/%Y"}, ("string", None)),
        ({"type": "datetime", "format": "%d%b%Y:%H:%M:%S"}, ("timestamp", "ddMMMyyyy:HH:mm:ss")),
        ({"type": "geopoint"}, ("string", None)),
    ],
)
def test_a_type_loses_nothing(tmp_path: Path, field: dict[str, Any], expected: tuple[str, str | None]) -> None:
    assert typed(tmp_path, **field) == expected


def test_keys_references_and_the_words_of_the_source_are_kept(tmp_path: Path) -> None:
    schema = read_table_schema(
        written(
            tmp_path,
            {
                "name": "CHILD",
                "title": "Enfant",
                "primaryKey": "A",
                "fields": [
                    {"name": "A", "type": "string", "description": "Une\n clé", "nomenclature": "-"},
                    {
                        "name": "B",
                        "type": "string",
                        "nomenclature": "IR_B_V",
                        "dateCreated": "2006",
                        "dateDeleted": "2010",
                        "constraints": {"enum": ["1", "2"], "required": True},
                    },
                ],
                "foreignKeys": [
                    {"fields": "A", "reference": {"resource": "PARENT", "fields": "ID"}},
                    {"fields": ["A", "B"], "reference": {"resource": "PARENT", "fields": ["ID"]}},
                    {"description": "says too little"},
                ],
            },
        )
    )
    first, second = schema.fields
    assert (schema.name, schema.title, schema.key) == ("CHILD", "Enfant", ("A",))
    assert (first.label, first.nomenclature, first.required) == ("Une clé", None, False)
    assert (second.nomenclature, second.since, second.until, second.codes, second.required) == (
        "IR_B_V", "2006", "2010", ("1", "2"), True,
    )  # fmt: skip
    assert schema.references == (Reference(("A",), "PARENT", ("ID",)),)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "T.json is not JSON at line 1, column 2"),
        ("[]", "T.json is no Table Schema: it has no list of fields"),
        ({"fields": []}, "T.json is no Table Schema"),
        ({"fields": [{"name": "A"}, {"type": "string"}]}, "field 2 has no name"),
        ({"fields": [{"name": "A"}], "primaryKey": ["B"]}, "the primary key names B, which is no field"),
    ],
)
def test_what_is_no_schema_is_refused_in_one_sentence(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(ImportRefused, match=says):
        read_table_schema(written(tmp_path, content))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be read as UTF-8"):
        read_table_schema(tmp_path / "absent.json")
    (tmp_path / "T.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(ImportRefused, match="cannot be read as UTF-8"):
        read_table_schema(tmp_path / "T.json")

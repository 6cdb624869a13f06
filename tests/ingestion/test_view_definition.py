"""Views on the specification's own cases when they are at hand, and on our own always."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from ingestion.errors import ViewError
from ingestion.view_definition import ViewDefinition, load_view

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_HUMAN_NAME = "STRUCT<use: STRING, family: STRING, given: ARRAY<STRING>>"
_CODING = "STRUCT<system: STRING, code: STRING>"
_EXTENSION = (
    "ARRAY<STRUCT<url: STRING, valueCode: STRING, valueString: STRING, extension: ARRAY<STRUCT<url: STRING, "
    f"valueString: STRING, valueCoding: {_CODING}>>>>"
)
SCHEMA = f"""
    resourceType STRING, id STRING, active BOOLEAN, gender STRING, birthDate STRING, name ARRAY<{_HUMAN_NAME}>,
    telecom ARRAY<STRUCT<system: STRING, value: STRING>>, identifier ARRAY<STRUCT<value: STRING>>,
    contact ARRAY<STRUCT<name: {_HUMAN_NAME}, gender: STRING, telecom: ARRAY<STRUCT<system: STRING, value: STRING>>>>,
    address ARRAY<STRUCT<city: STRING, use: STRING>>, deceasedBoolean BOOLEAN, extension {_EXTENSION},
    link ARRAY<STRUCT<other: STRUCT<reference: STRING>>>, valueInteger INT, valueString STRING
"""
OURS = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"use": "usual", "family": "A", "given": ["x", "y"]}, {"use": "official", "family": "B"}],
        "contact": [{"telecom": [{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}]}],
    },
    {"resourceType": "Patient", "id": "p2"},
]


def frame(spark: SparkSession, resources: list[dict[str, Any]]) -> DataFrame:
    lines = spark.createDataFrame([(json.dumps(one),) for one in resources], "line STRING")
    return lines.select(F.from_json("line", SCHEMA).alias("one")).select("one.*")


def run(spark: SparkSession, view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = ViewDefinition(view).apply(frame(spark, resources)).collect()
    return [row.asDict(recursive=True) for row in rows]


def view(*columns: tuple[str, str], **more: object) -> dict[str, Any]:
    return {"resource": "Patient", "select": [{"column": [{"name": n, "path": p} for n, p in columns], **more}]}


def test_an_unsupported_part_is_refused_by_its_path() -> None:
    with pytest.raises(ViewError, match="repeat, which is not supported"):
        ViewDefinition({"resource": "Patient", "select": [{"repeat": ["item"], "column": []}]})


def test_a_view_is_one_row_for_each_resource_unless_it_spreads_or_filters() -> None:
    assert ViewDefinition(view(("id", "id"))).one_row
    assert not ViewDefinition(view(("family", "family"), forEach="name")).one_row
    assert not ViewDefinition({**view(("id", "id")), "where": [{"path": "active"}]}).one_row


@pytest.mark.parametrize("name", ["patient", "encounter", "condition", "medication_request", "document_reference"])
def test_no_packaged_view_reads_what_may_carry_a_name_into_a_kept_column(name: str) -> None:
    paths = {column["name"]: column["path"] for column in load_view(name)._content["select"][0]["column"]}
    for column, path in paths.items():
        if column != "doctors":
            assert "display" not in path
        assert "title" not in path


def test_an_absent_view_is_said() -> None:
    with pytest.raises(ViewError, match="View nothing does not exist"):
        load_view("nothing")


@pytest.mark.spark
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nickname", "nickname is not part of the declared schema"),
        ("name", "a column holds a simple value"),
        ("id.family", "has no parts"),
        ("name.lowBoundary()", "lowBoundary"),
        ("%nothing", "constant %nothing is not defined"),
    ],
)
def test_a_path_that_cannot_be_compiled_is_named(spark: SparkSession, path: str, said: str) -> None:
    with pytest.raises(ViewError, match=said) as caught:
        run(spark, view(("x", path)), OURS)
    assert path.split(".")[-1].rstrip("()") in str(caught.value)


@pytest.mark.spark
def test_paths_give_what_fhirpath_says(spark: SparkSession) -> None:
    columns = {
        "official": ("name.where(use = 'official').family", "B", None),
        "first": ("name.given.first()", "x", None),
        "second": ("name[1].family", "B", None),
        "joined": ("name.given.join('-')", "x-y", ""),
        "deep": ("contact.telecom.where(value = '2').exists()", True, False),
        "none": ("name.where(use = 'old').empty()", True, True),
        "choice": ("deceased.ofType(boolean)", None, None),
        "cut": ("id.substring(1, 1)", "1", "2"),
        "starts": ("id.startsWith('p1')", True, False),
    }
    rows = run(spark, view(*[(name, path) for name, (path, _, _) in columns.items()]), OURS)
    assert rows == [
        {name: one for name, (_, one, _) in columns.items()},
        {name: two for name, (_, _, two) in columns.items()},
    ]


def _key(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


@pytest.mark.spark
@pytest.mark.real_data
def test_the_specification_s_cases(spark: SparkSession, real_data: Path) -> None:
    """Every case of SQL-on-FHIR v2's own test files, `shareable` and experimental alike."""
    wrong, done = [], 0
    for path in sorted((real_data / "sql-on-fhir").glob("*.json")):
        suite = json.loads(path.read_text("utf-8"))
        for case in suite["tests"]:
            done += 1
            name = f"{path.stem}: {case['title']}"
            try:
                rows = run(spark, case["view"], suite["resources"])
            except ViewError:
                if not case.get("expectError"):
                    wrong.append(name)
                continue
            if case.get("expectError"):
                wrong.append(f"{name} (no error)")
            elif sorted(map(_key, rows)) != sorted(map(_key, case["expect"])):
                wrong.append(name)
    assert done >= 60
    assert wrong == []

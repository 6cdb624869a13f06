"""Views on the specification's own cases when they are at hand, and on our own always."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from hub.paths import ROOT
from ingestion.errors import ViewError
from ingestion.sql_on_fhir.definition import PACKAGED, ViewDefinition, load_view
from ingestion.sql_on_fhir.repeat import DEPTH
from ingestion.sql_on_fhir.run import read_resources, run_view, write_rows

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
    with pytest.raises(ViewError, match="everything, which is not supported"):
        ViewDefinition({"resource": "Patient", "select": [{"everything": ["item"], "column": []}]})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "needs a resource and a select"),
        ({"resource": "Patient"}, "needs a resource and a select"),
        ({"resource": "Patient", "select": {"column": []}}, "needs a resource and a select"),
        ({"resource": "Patient", "select": [{}]}, "has no column"),
        ({"resource": "Patient", "select": ["id"]}, "a list of objects"),
        ({"resource": "Patient", "select": [{"column": [{"name": "a b", "path": "id"}]}]}, "needs a name"),
        ({"resource": "Patient", "select": [{"column": [{"name": "a"}]}]}, "and a path"),
        ({"resource": "Patient", "select": [{"forEach": 1, "column": []}]}, "forEach is a path"),
        ({"resource": "Patient", "select": [{"repeat": "item", "column": []}]}, "repeat is a list of paths"),
        (
            {"resource": "Patient", "select": [{"column": [{"name": "a", "path": "id"}]}], "where": ["active"]},
            "each where needs a path",
        ),
    ],
)
def test_what_is_no_view_is_refused_in_one_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ViewError, match=said):
        ViewDefinition(wrong)


def test_a_view_is_one_row_for_each_resource_unless_it_spreads_or_filters() -> None:
    assert ViewDefinition(view(("id", "id"))).one_row
    assert not ViewDefinition(view(("family", "family"), forEach="name")).one_row
    assert not ViewDefinition({**view(("id", "id")), "where": [{"path": "active"}]}).one_row


@pytest.mark.parametrize("name", sorted(path.stem for path in PACKAGED.glob("*.json")))
def test_no_packaged_view_reads_what_may_carry_a_name_into_a_kept_column(name: str) -> None:
    paths = {column["name"]: column["path"] for column in load_view(name)._columns}
    for column, path in paths.items():
        if column != "doctors":
            assert "display" not in path
        for word in ("title", ".text", "contained", "note"):
            assert word not in path


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
        ("id * 2", r"\* takes numbers"),
        ("id @@", "not part of the supported FHIRPath"),
    ],
)
def test_a_path_that_cannot_be_compiled_is_named(spark: SparkSession, path: str, said: str) -> None:
    with pytest.raises(ViewError, match=said) as caught:
        run(spark, view(("x", path)), OURS)
    assert repr(path) in str(caught.value) or path.split(".")[-1].rstrip("()") in str(caught.value)


@pytest.mark.spark
def test_paths_give_what_fhirpath_says(spark: SparkSession) -> None:
    columns = {
        "official": ("name.where(use = 'official').family.first()", "B", None),
        "first": ("name.given.first()", "x", None),
        "second": ("name[1].family", "B", None),
        "joined": ("name.given.join('-')", "x-y", None),
        "deep": ("contact.telecom.where(value = '2').exists()", True, False),
        "none": ("name.where(use = 'old').empty()", True, True),
        "choice": ("deceased.ofType(boolean)", None, None),
        "cut": ("id.substring(1, 1)", "1", "2"),
        "starts": ("id.startsWith('p1')", True, False),
        "some": ("name.exists(use = 'usual')", True, False),
        "how_many": ("name.count()", 2, 0),
        "sum": ("1 + 2 * 3 - 4 / 2", 5.0, 5.0),
        "whole": ("(0 - 7) div 2", -3, -3),
        "rest": ("7 mod 4", 3, 3),
        "never": ("1 / 0", None, None),
        "minus": ("-1 + 3", 2, 2),
        "together": ("id + '!' ", "p1!", "p2!"),
        "with_nothing": ("gender & '-' & id", "-p1", "-p2"),
        "either": ("name.exists() xor (id = 'p2')", True, True),
        "chosen": ("iif(name.exists(), 'named', 'nameless')", "named", "nameless"),
        "before": ("@2020-01-01 < '2020-01-02'", True, True),
        "empty_set": ("{}.empty()", True, True),
        "quoted": ("`id`", "p1", "p2"),
    }
    rows = run(spark, view(*[(name, path) for name, (path, _, _) in columns.items()]), OURS)
    assert rows == [
        {name: one for name, (_, one, _) in columns.items()},
        {name: two for name, (_, _, two) in columns.items()},
    ]


@pytest.mark.spark
def test_a_filter_must_be_true_or_false(spark: SparkSession) -> None:
    with pytest.raises(ViewError, match="a where needs a path that is true or false"):
        run(spark, {**view(("id", "id")), "where": [{"path": "name.family"}]}, OURS)


@pytest.mark.spark
def test_the_place_of_an_item_is_its_row_index(spark: SparkSession) -> None:
    rows = run(
        spark,
        {
            "resource": "Patient",
            "select": [
                {"column": [{"name": "id", "path": "id"}, {"name": "top", "path": "%rowIndex"}]},
                {
                    "forEachOrNull": "name",
                    "column": [{"name": "family", "path": "family"}, {"name": "at", "path": "%rowIndex"}],
                },
            ],
        },
        OURS,
    )
    found = {(row["id"], row["family"], row["at"], row["top"]) for row in rows}
    assert found == {("p1", "A", 0, 0), ("p1", "B", 1, 0), ("p2", None, 0, 0)}


FORMS = [
    {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "item": [
            {
                "linkId": "1",
                "item": [
                    {"linkId": "1.1", "answer": [{"valueInteger": 3, "item": [{"linkId": "1.1.1", "text": "deep"}]}]},
                    {"linkId": "1.2"},
                ],
            },
            {"linkId": "2", "answer": [{"valueString": "x"}]},
        ],
    },
    {"resourceType": "QuestionnaireResponse", "id": "q2"},
]


@pytest.mark.spark
def test_items_within_items_are_walked_at_every_depth(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "forms.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in FORMS), encoding="utf-8")
    definition = ViewDefinition(
        {
            "resource": "QuestionnaireResponse",
            "select": [
                {"column": [{"name": "id", "path": "getResourceKey()"}]},
                {
                    "repeat": ["item", "answer.item"],
                    "column": [
                        {"name": "link", "path": "linkId"},
                        {"name": "text", "path": "text"},
                        {"name": "place", "path": "%rowIndex"},
                        {"name": "number", "path": "answer.value.ofType(integer).first()"},
                        {"name": "never", "path": "prefix"},
                    ],
                },
            ],
        }
    )
    rows = run_view(spark, definition, file).collect()
    assert [(row["id"], row["link"], row["text"], row["place"], row["number"], row["never"]) for row in rows] == [
        ("q1", "1", None, 0, None, None),
        ("q1", "1.1", None, 1, 3, None),
        ("q1", "1.1.1", "deep", 2, None, None),
        ("q1", "1.2", None, 3, None, None),
        ("q1", "2", None, 4, None, None),
    ]


@pytest.mark.spark
def test_data_deeper_than_the_walk_are_refused_and_never_cut(spark: SparkSession, tmp_path: Path) -> None:
    item: dict[str, Any] = {"linkId": "last"}
    for level in range(DEPTH):
        item = {"linkId": str(level), "item": [item]}
    file = tmp_path / "deep.ndjson"
    file.write_text(json.dumps({"resourceType": "Q", "id": "q", "item": [item]}), encoding="utf-8")
    links = [{"repeat": ["item"], "column": [{"name": "link", "path": "linkId"}]}]
    with pytest.raises(ViewError, match="deeper than 10 levels"):
        run_view(spark, ViewDefinition({"resource": "Q", "select": links}), file)


def _key(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def results(spark: SparkSession, folder: Path, place: Path) -> list[tuple[str, int, list[str]]]:
    """For each file of the specification: its name, how many cases it has, and those that go wrong."""
    found = []
    for path in sorted(folder.glob("*.json")):
        suite = json.loads(path.read_text("utf-8"))
        file = place / "resources.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in suite["resources"]), encoding="utf-8")
        # Read once for all the cases of a file: what a case changes is its view.
        read = cache(partial(read_resources, spark, file))
        wrong = [case["title"] for case in suite["tests"] if not _holds(read, case)]
        found.append((path.stem, len(suite["tests"]), wrong))
    return found


def _holds(read: Callable[..., DataFrame], case: dict[str, Any]) -> bool:
    out = StringIO()
    try:
        definition = ViewDefinition(case["view"])
        resources = read(definition.resource, exact=definition.asks_precision)
        write_rows(definition.apply(resources, lenient=True), "ndjson", out)
    except ViewError:
        return bool(case.get("expectError"))
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    if case.get("expectError"):
        return False
    columns = case.get("expectColumns")
    return sorted(map(_key, rows)) == sorted(map(_key, case["expect"])) and (
        not columns or not rows or list(rows[0]) == columns
    )


@pytest.mark.spark
@pytest.mark.real_data
def test_the_specification_s_cases(spark: SparkSession, real_data: Path, tmp_path: Path) -> None:
    """Every case of SQL-on-FHIR v2's own test files, `shareable` and experimental alike, as docs/views.md says."""
    found = results(spark, real_data / "sql-on-fhir", tmp_path)
    assert sum(cases for _, cases, _ in found) >= 60
    assert [(name, wrong) for name, _, wrong in found if wrong] == []
    page = (ROOT / "docs" / "views.md").read_text(encoding="utf-8")
    for name, cases, wrong in found:
        assert f"| `{name}` | {cases} | {cases - len(wrong)} |" in page
